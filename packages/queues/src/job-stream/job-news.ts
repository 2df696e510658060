import type { Redis } from "ioredis";
import { jobStreamKey } from "./job-streams.ts";

/** Hears that something is new of jobs that are watched, over one connection however many they are. */
export class JobNews {
  readonly #redis: Redis;
  readonly #listeners = new Map<string, Set<() => void>>();

  /** @param redis a consumer connection for this alone, closed by `close` */
  constructor(redis: Redis) {
    this.#redis = redis;
    redis.on("message", (channel: string) => this.#tell(channel));
    // What was said while Redis was away was not heard. ioredis renews the subscriptions before this.
    redis.on("ready", () => {
      for (const channel of this.#listeners.keys()) this.#tell(channel);
    });
  }

  /**
   * Calls `listener` when a worker begins an attempt of the job or writes more, and once as soon as that would be
   * heard; the answer stops it.
   */
  on(jobId: string, listener: () => void): () => void {
    const channel = jobStreamKey(jobId);
    const listeners = this.#listeners.get(channel) ?? new Set();
    if (listeners.size === 0) {
      this.#listeners.set(channel, listeners);
      this.#redis.subscribe(channel).then(
        () => this.#tell(channel),
        () => {},
      );
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(channel) !== listeners) return;
      this.#listeners.delete(channel);
      this.#redis.unsubscribe(channel).catch(() => {});
    };
  }

  #tell(channel: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener();
  }

  close(): void {
    this.#redis.disconnect();
  }
}
