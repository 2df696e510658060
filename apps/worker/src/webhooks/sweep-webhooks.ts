import type { Database } from "@understudy/database";
import { redisIncarnation } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import { giveUpDeliveries, takeBackReleased } from "@understudy/webhooks";
import type { Redis } from "ioredis";
import { repeat } from "../repeat.ts";

/** Names the run of Redis that is known to hold every released try. */
const filledKey = "{webhooks}:filled-incarnation";

/** Longer than a try takes, with what comes before and after it. */
const underWaySeconds = 30;

const pageSize = 5_000;
const pauseMs = 1_000;

interface SweepDependencies {
  database: Database;
  redis: Redis;
  logger: Logger;
}

/** Makes true again what a crash somewhere has left untrue. May run in several workers at once. */
export function startWebhooksSweep({ database, redis, logger }: SweepDependencies): {
  stop(): Promise<void>;
} {
  // What asks Redis comes last: at the start its connection is not there yet.
  const sweeps = { takeBackOld, giveUp, takeBackAll };

  /** After a restart or a wipe of Redis anything may be missing there. What is not, is added in vain. */
  async function takeBackAll(): Promise<void> {
    const incarnation = await redisIncarnation(redis);
    if ((await redis.get(filledKey)) === incarnation) return;
    const deliveries = await takeBackReleased(database, 0);
    await redis.set(filledKey, incarnation);
    if (deliveries > 0) logger.info({ deliveries }, "Redis is new or was wiped: released webhooks again");
  }

  async function takeBackOld(): Promise<void> {
    const deliveries = await takeBackReleased(database, underWaySeconds);
    if (deliveries > 0) logger.warn({ deliveries }, "webhooks were left behind and are released again");
  }

  async function giveUp(): Promise<void> {
    const deliveries = await giveUpDeliveries(database, pageSize);
    if (deliveries > 0) logger.info({ deliveries }, "gave up webhooks of endpoints that are disabled");
  }

  return repeat(async (stopping) => {
    for (const [sweep, sweepOnce] of Object.entries(sweeps)) {
      if (stopping.aborted) break;
      await sweepOnce().catch((err: unknown) =>
        logger.warn({ err, sweep }, "a sweep of webhooks failed and will be tried again"),
      );
    }
    return { pauseMs };
  });
}
