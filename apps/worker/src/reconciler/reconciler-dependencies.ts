import type { Database } from "@understudy/database";
import type { Ledger } from "@understudy/ledger";
import type { Dispatcher } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import type { WorkerTelemetry } from "@understudy/telemetry";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { WorkerLease } from "../worker-lease.ts";

/** What every step of the reconciler is given. */
export interface ReconcilerDependencies {
  database: Database;
  ledger: Ledger;
  dispatcher: Dispatcher;
  /** The queue of the ticks that close months. */
  charges: Queue;
  redis: Redis;
  /** Of this process. */
  lease: WorkerLease;
  telemetry: Pick<WorkerTelemetry, "metrics">;
  logger: Logger;
}
