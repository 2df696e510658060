import type { Database } from "@understudy/database";
import type { Ledger } from "@understudy/ledger";
import type { Dispatcher } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import type { WorkerTelemetry } from "@understudy/telemetry";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";

/** What every sweep is given. */
export interface SweepDependencies {
  database: Database;
  ledger: Ledger;
  dispatcher: Dispatcher;
  /** The queue of the ticks that close months. */
  charges: Queue;
  redis: Redis;
  telemetry: Pick<WorkerTelemetry, "metrics">;
  logger: Logger;
}
