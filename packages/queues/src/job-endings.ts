import type { Redis } from "ioredis";

const channel = "understudy:job-endings";

/** Tells whoever waits that jobs have ended. Best effort: Postgres is what remembers. */
export async function announceJobEnd(redis: Redis, ...jobIds: string[]): Promise<void> {
  await redis.publish(channel, jobIds.join(","));
}

/** Hears of jobs' endings from all workers, over one subscription. */
export class JobEndings {
  readonly #redis: Redis;
  readonly #listeners = new Map<string, Set<() => void>>();

  /** @param redis a consumer connection for this alone, closed by `close` */
  constructor(redis: Redis) {
    this.#redis = redis;
    redis.on("message", (_channel: string, jobIds: string) => {
      if (this.#listeners.size === 0) return;
      for (const jobId of jobIds.split(",")) {
        for (const listener of this.#listeners.get(jobId) ?? []) listener();
      }
    });
    // Queued while Redis is away, and renewed by ioredis after each reconnect.
    redis.subscribe(channel).catch(() => {});
  }

  /** Calls `listener` when the job is announced as ended; the answer stops that. */
  on(jobId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(jobId) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(jobId, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(jobId);
    };
  }

  close(): void {
    this.#redis.disconnect();
  }
}
