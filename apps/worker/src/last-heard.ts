import type { Redis } from "ioredis";
import { repeat } from "./repeat.ts";
import type { WorkerLease } from "./worker-lease.ts";

/** A worker that has heard nothing for so long does no work: whoever watches it may start it anew. */
const silentMsMax = 60_000;

const askMs = 5_000;

/** When this process last heard from what it can't work without. */
export interface LastHeard {
  isHealthy(): boolean;
  stop(): Promise<void>;
}

export function watchLastHeard(redis: Redis, lease: Pick<WorkerLease, "heldSeconds">): LastHeard {
  const heard = { redis: performance.now(), postgres: performance.now() };
  const asking = repeat(async () => {
    if (lease.heldSeconds() > 0) heard.postgres = performance.now();
    await redis.ping().then(
      () => {
        heard.redis = performance.now();
      },
      () => {},
    );
    return { pauseMs: askMs };
  });
  return {
    isHealthy: () => performance.now() - Math.min(heard.redis, heard.postgres) < silentMsMax,
    stop: () => asking.stop(),
  };
}
