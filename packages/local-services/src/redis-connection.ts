import { Redis } from "ioredis";

const ANSWER_SECONDS = 3;

/**
 * Asks the Redis on a local port something over a connection of its own.
 * @returns undefined when it does not answer in 3 s, or does not let us in
 */
export async function askRedis<T>(
  port: number,
  password: string,
  ask: (redis: Redis) => Promise<T>,
): Promise<T | undefined> {
  const redis = new Redis({
    host: "127.0.0.1",
    port,
    password,
    lazyConnect: true,
    retryStrategy: () => null,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    connectTimeout: ANSWER_SECONDS * 1000,
    commandTimeout: ANSWER_SECONDS * 1000,
  });
  // Failures come by the promises below; without a listener ioredis prints them as well.
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return await ask(redis);
  } catch {
    return undefined;
  } finally {
    redis.disconnect();
  }
}
