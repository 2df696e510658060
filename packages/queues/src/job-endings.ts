import type { Redis } from "ioredis";

const endings = "understudy:job-endings";
const cancellations = "understudy:job-cancellations";

/** Tells whoever waits that jobs have ended. Best effort: Postgres is what remembers. */
export async function announceJobEnd(redis: Redis, ...jobIds: string[]): Promise<void> {
  await redis.publish(endings, jobIds.join(","));
}

/** The same of jobs that were cancelled, also to the workers that may be at them. */
export async function announceJobCancelled(redis: Redis, ...jobIds: string[]): Promise<void> {
  await Promise.all([redis.publish(cancellations, jobIds.join(",")), announceJobEnd(redis, ...jobIds)]);
}

/** Hears of jobs from all processes, over one subscription. */
class Announcements {
  readonly #redis: Redis;
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(redis: Redis, channel: string) {
    this.#redis = redis;
    redis.on("message", (saidOver: string, jobIds: string) => {
      if (saidOver !== channel || this.#listeners.size === 0) return;
      for (const jobId of jobIds.split(",")) {
        for (const listener of this.#listeners.get(jobId) ?? []) listener();
      }
    });
    // Queued while Redis is away, and renewed by ioredis after each reconnect.
    redis.subscribe(channel).catch(() => {});
  }

  /** Calls `listener` when the job is announced; the answer stops that. */
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

/** Hears that jobs have ended. */
export class JobEndings extends Announcements {
  /** @param redis a consumer connection for this alone, closed by `close` */
  constructor(redis: Redis) {
    super(redis, endings);
  }
}

/** Hears that jobs were cancelled. */
export class JobCancellations extends Announcements {
  /** @param redis a consumer connection, closed by `close` */
  constructor(redis: Redis) {
    super(redis, cancellations);
  }
}
