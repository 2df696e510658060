import type { Redis } from "ioredis";
import { announceReaders, saidAgainMs, whoReads } from "./job-readers.ts";
import type { StreamKind } from "./job-stream-writer.ts";
import { type JobStreamEntry, jobStreamKey } from "./job-streams.ts";

/** Entries that a job's stream has just been given. */
export interface StreamNews {
  /** The entry before them; a reader who has not come so far has missed some. */
  after: string;
  entries: JobStreamEntry[];
}

/** @param news undefined where something may have been written that was not heard */
type NewsListener = (news: StreamNews | undefined) => void;

/**
 * Hears that something is new of jobs that are watched, over one connection however many they are; and tells the workers that they
 * are, which write nothing for jobs that nobody reads.
 */
export class JobNews {
  readonly #redis: Redis;
  readonly #producer: Redis;
  readonly #listeners = new Map<string, Set<NewsListener>>();
  /** Jobs that are watched. */
  readonly #watched = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  readonly #sayAgain = (): void => this.#say(this.#watched);

  /**
   * @param redis a consumer connection for this alone, closed by `close`
   * @param producer closed by its owner
   */
  constructor(redis: Redis, producer: Redis) {
    this.#redis = redis;
    this.#producer = producer;
    redis.on("message", (channel: string, message: string) =>
      channel === whoReads ? this.#sayAgain() : this.#tell(channel, readNews(message)),
    );
    // What was said while Redis was away was not heard. ioredis renews the subscriptions before this.
    redis.on("ready", () => {
      for (const channel of this.#listeners.keys()) this.#tell(channel);
    });
    redis.subscribe(whoReads).catch(() => {});
    producer.on("ready", this.#sayAgain);
    this.#timer = setInterval(this.#sayAgain, saidAgainMs);
    this.#timer.unref();
  }

  /**
   * Calls `listener` when a worker writes more of the job's text, and once as soon as that would be heard; the answer
   * stops it.
   */
  on(jobId: string, listener: NewsListener): () => void {
    const channel = jobStreamKey(jobId);
    const listeners = this.#listeners.get(channel) ?? new Set();
    if (listeners.size === 0) {
      this.#listeners.set(channel, listeners);
      this.#watched.add(jobId);
      // Whatever is written before this process hears of it stands in the stream by then, and is read.
      this.#say([jobId]);
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
      this.#watched.delete(jobId);
      this.#redis.unsubscribe(channel).catch(() => {});
    };
  }

  #say(jobIds: Iterable<string>): void {
    announceReaders(this.#producer, jobIds).catch(() => {});
  }

  #tell(channel: string, news?: StreamNews): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener(news);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#producer.off("ready", this.#sayAgain);
    this.#redis.disconnect();
  }
}

/** What append-1.lua publishes. */
interface PublishedNews {
  after: string;
  attempt: number;
  entries: [id: string, kind: StreamKind, step: string, at: number, text: string][];
}

function readNews(message: string): StreamNews | undefined {
  if (message === "") return undefined;
  const { after, attempt, entries } = JSON.parse(message) as PublishedNews;
  return {
    after,
    entries: entries.map(([id, kind, step, at, text]) => ({ id, attempt, kind, step, at, text })),
  };
}
