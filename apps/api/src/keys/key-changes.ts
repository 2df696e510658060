import type { Redis } from "ioredis";

const channel = "understudy:key-changes";

/** Tells all processes that a key has changed. Best effort: without Redis they find out by themselves, seconds later. */
export async function announceKeyChange(redis: Redis, keyId: string): Promise<void> {
  await redis.publish(channel, keyId).catch(() => {});
}

/**
 * Hears of changes of keys in all processes.
 * @param redis a consumer connection for this alone, closed by its owner
 * @param missed called when some may have been missed
 */
export function onKeyChange(redis: Redis, changed: (keyId: string) => void, missed: () => void): void {
  redis.on("message", (_channel: string, keyId: string) => changed(keyId));
  redis.on("ready", missed);
  // Queued while Redis is away, and renewed by ioredis after each reconnect.
  redis.subscribe(channel).catch(() => {});
}
