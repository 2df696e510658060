import type { Database } from "@understudy/database";
import type { Ledger } from "@understudy/ledger";
import type { Dispatcher } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import type { Redis } from "ioredis";

/** What every sweep is given. */
export interface SweepDependencies {
  database: Database;
  ledger: Ledger;
  dispatcher: Dispatcher;
  redis: Redis;
  logger: Logger;
}
