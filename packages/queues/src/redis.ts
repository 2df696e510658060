import { Redis } from "ioredis";

/**
 * A connection to Redis.
 *
 * - `producer` fails fast: who asks is told at once that Redis is away, and the sweeper catches up later.
 * - `consumer` waits for Redis for ever: BullMQ's workers and subscribers need that.
 */
export function connectRedis(url: string, use: "producer" | "consumer"): Redis {
  const redis = new Redis(url, {
    ...(use === "producer"
      ? { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: 5_000 }
      : { maxRetriesPerRequest: null }),
    // How long a socket may take to close; ioredis' 2 s would hold up every stop.
    disconnectTimeout: 200,
    retryStrategy: (tries) => Math.min(50 * 2 ** Math.min(tries, 6), 1_000),
  });
  // Without a listener an unreachable Redis would end the process; what fails says so to its caller.
  redis.on("error", () => {});
  return redis;
}

/**
 * Names this run of Redis: it changes when Redis restarts or another takes its place. What was noted under
 * an earlier one may be lost. Upstash's has no `run_id` and is durable: all its runs are one, and only a wipe is seen.
 */
export async function redisIncarnation(redis: Pick<Redis, "info">): Promise<string> {
  const server = await redis.info("server");
  return /^run_id:(\S+)/m.exec(server)?.[1] ?? "unnamed";
}
