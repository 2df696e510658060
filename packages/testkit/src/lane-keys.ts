import { Redis } from "ioredis";

/** What stays for ever: buckets, and the state of all lanes. All other keys of lanes hold entries. */
const lasting = /^\{lanes\}:(creator:.*|state)$/;

/** Keys of Redis that hold jobs which wait in lanes, or were released and are not known to have started. */
export async function laneKeysLeft(redisUrl: string): Promise<string[]> {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 3, disconnectTimeout: 200 });
  // What fails says so to its caller.
  redis.on("error", () => {});
  try {
    const keys: string[] = [];
    for await (const page of redis.scanStream({ match: "{lanes}:*", count: 1_000 })) {
      keys.push(...(page as string[]).filter((key) => !lasting.test(key)));
    }
    return keys;
  } finally {
    redis.disconnect();
  }
}
