import { Redis } from "ioredis";

/** Where what connections say of themselves is noted. */
interface FaultLog {
  warn(fields: object, message: string): void;
}

/** What a server answers that can't serve for now, also within a script's error: another may stand behind the address by now. */
const cannotServe = /\b(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN)\b/;

/** A blocking command of BullMQ's waits for 10 s at most. */
const silentMsMax = { producer: 5_000, consumer: 15_000 };

/** Connections are made anew for an answer at most so often. */
const renewedMsMin = 1_000;

/**
 * A connection to Redis.
 *
 * - `producer` fails fast: who asks is told at once that Redis is away, and the reconciler catches up later.
 * - `consumer` waits for Redis for ever: BullMQ's workers and subscribers need that.
 *
 * One whose server can't serve, or is silent when it should answer, is made anew: after a failover the address is another's.
 */
export function connectRedis(url: string, use: "producer" | "consumer", log?: FaultLog): Redis {
  let renewedAt = Number.NEGATIVE_INFINITY;
  const redis = new Redis(url, {
    ...(use === "producer"
      ? { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: 5_000 }
      : { maxRetriesPerRequest: null }),
    socketTimeout: silentMsMax[use],
    keepAlive: 10_000,
    // How long a socket may take to close; ioredis' 2 s would hold up every stop.
    disconnectTimeout: 200,
    retryStrategy: (tries) => Math.min(50 * 2 ** Math.min(tries, 6), 1_000),
    reconnectOnError(error) {
      if (!cannotServe.test(error.message) || performance.now() - renewedAt < renewedMsMin) return false;
      renewedAt = performance.now();
      // Told here: the command is sent again, so that its caller may never hear of it.
      log?.warn({ err: error }, "this Redis can't serve: the connection is made anew");
      return 2;
    },
  });
  // Without a listener an unreachable Redis would end the process; what fails says so to its caller.
  redis.on("error", (err) => log?.warn({ err }, "a connection to Redis has a fault"));
  return redis;
}

/**
 * What Redis does when it is full: anything but `noeviction` throws jobs away. Where a managed one does not tell, that is
 * what is taken for granted.
 */
export async function evictionPolicy(redis: Pick<Redis, "info">): Promise<string> {
  const memory = await redis.info("memory");
  return /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? "noeviction";
}

/**
 * Names this run of Redis: it changes when Redis restarts or another takes its place. What was noted under
 * an earlier one may be lost. Upstash's has no `run_id` and is durable: all its runs are one, and only a wipe is seen.
 */
export async function redisIncarnation(redis: Pick<Redis, "info">): Promise<string> {
  const server = await redis.info("server");
  return /^run_id:(\S+)/m.exec(server)?.[1] ?? "unnamed";
}
