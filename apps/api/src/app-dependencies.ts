import type { Database } from "@understudy/database";
import type { Dispatcher } from "@understudy/queues";
import type { Logger, ParentProcess, SecretBox } from "@understudy/service";
import type { ApiTelemetry, ServiceMetrics } from "@understudy/telemetry";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { Refusals } from "./audit/refusals.ts";
import type { JobEventSources } from "./events/tell-job.ts";
import type { Authentication } from "./http/authenticate.ts";
import type { TrustProxy } from "./http/trust-proxy.ts";
import type { JobControl } from "./job-control.ts";
import type { Jobs } from "./jobs.ts";
import type { KeyEnvironment } from "./keys/key-text.ts";
import type { OverviewSettings } from "./routes/overview-routes.ts";

/** What the HTTP surface stands on. */
export interface AppDependencies extends Authentication, OverviewSettings {
  keyEnvironment: KeyEnvironment;
  bullBoardWrite: boolean;
  /** Which proxies are believed what they say of the client, as Express has it. */
  trustProxy: TrustProxy;
  database: Database;
  redis: Redis;
  dispatcher: Dispatcher;
  /** The queue of the ticks that close months. */
  charges: Queue;
  /** Encrypts the secrets of endpoints. */
  secrets: SecretBox;
  jobs: Jobs;
  jobControl: JobControl;
  jobEvents: JobEventSources;
  metrics: ServiceMetrics;
  /** Who asks for metrics must know it, where it is set. */
  metricsToken: string | undefined;
  telemetry: ApiTelemetry;
  /** Keeps record of what was answered with 401 and 403. */
  refusals: Refusals;
  /** Aborts when the API stops: requests that wait for a job are answered with what there is. */
  stopping: AbortSignal;
  /** Where this process is one of several. */
  parent: ParentProcess | undefined;
  logger: Logger;
}
