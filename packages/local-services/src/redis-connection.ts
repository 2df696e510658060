import { Redis } from "ioredis";

const ANSWER_SECONDS = 3;

/** `silent`: nobody answered in 3 s. `refused`: someone did, but not to our password. */
export type RedisAnswer<T> = { answer: T } | "silent" | "refused";

/** Asks the Redis on a local port something over a connection of its own. */
export async function askRedis<T>(
  port: number,
  password: string,
  ask: (redis: Redis) => Promise<T>,
): Promise<RedisAnswer<T>> {
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
    // How long the socket may take to close: ioredis' 2 s would keep the process up.
    disconnectTimeout: 100,
  });
  // The rejections below say "Connection is closed."; why it was is told here alone.
  let cause = "";
  redis.on("error", (err) => {
    cause = String(err);
  });
  try {
    await redis.connect();
    return { answer: await ask(redis) };
  } catch {
    return /NOAUTH|WRONGPASS/.test(cause) ? "refused" : "silent";
  } finally {
    redis.disconnect();
  }
}
