import type { Database } from "@understudy/database";
import { chargesQueue } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import { Worker } from "bullmq";
import type { Redis } from "ioredis";
import { closeDueMonths } from "./close-due-months.ts";

interface ChargesWorkerDependencies {
  database: Database;
  /** A consumer connection, closed by its owner. */
  redis: Redis;
  logger: Logger;
}

/** A tick that its worker did not survive runs again, and the next one comes within a minute. */
const stalledCountMax = 3;

/** Takes the ticks that close months, one at a time. Stopping it ends a closing between two batches. */
export function startChargesWorker({ database, redis, logger }: ChargesWorkerDependencies): {
  stop(): Promise<void>;
} {
  const stopping = new AbortController();
  const tick = () =>
    closeDueMonths(database, logger, stopping.signal).catch((err: unknown) => {
      if (!stopping.signal.aborted)
        logger.warn({ err }, "closing failed and is tried again by the next tick");
      throw err;
    });
  const worker = new Worker(chargesQueue.name, tick, {
    connection: redis,
    prefix: chargesQueue.prefix,
    concurrency: 1,
    maxStalledCount: stalledCountMax,
    skipVersionCheck: true,
  });
  worker.on("error", (err) =>
    logger.warn({ err, queue: chargesQueue.name }, "the queue's connection has a fault"),
  );
  return {
    async stop() {
      stopping.abort();
      await worker.close();
    },
  };
}
