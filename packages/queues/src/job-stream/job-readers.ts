import type { Redis } from "ioredis";
import type { JobStreamWriter } from "./job-stream-writer.ts";

/** Over it processes with readers name the jobs that are read: ids, joined by commas. */
const readJobs = "understudy:read-jobs";

/** Over it a process that has not heard of readers until now asks for all of them. */
export const whoReads = "understudy:who-reads";

/** How often it is said again that a job is read; one who has not heard it for twice as long forgets it. */
export const saidAgainMs = 15_000;

/** Tells the workers that somebody reads these jobs. Best effort: it is said again. */
export async function announceReaders(redis: Redis, jobIds: Iterable<string>): Promise<void> {
  const ids = [...jobIds];
  if (ids.length > 0) await redis.publish(readJobs, ids.join(","));
}

/**
 * Knows which jobs somebody reads, whoever runs them: an attempt asks nobody, and what it writes for no one costs Redis nothing.
 */
export class JobReaders {
  readonly #redis: Redis;
  readonly #producer: Redis;
  readonly #writers = new Map<string, Set<JobStreamWriter>>();
  /** Jobs that are read, by when that was last heard: in this turn, and in the one before. */
  #heard = new Set<string>();
  #heardBefore = new Set<string>();
  readonly #turns: NodeJS.Timeout;
  /** What was said before this process listened, or while Redis was away, is said to it again. */
  readonly #ask = (): void => {
    this.#producer.publish(whoReads, "").catch(() => {});
  };

  /**
   * @param redis a consumer connection, closed by its owner
   * @param producer closed by its owner
   */
  constructor(redis: Redis, producer: Redis) {
    this.#redis = redis;
    this.#producer = producer;
    redis.on("message", this.#hear);
    redis.subscribe(readJobs).then(this.#ask, () => {});
    // ioredis renews the subscription before this.
    redis.on("ready", this.#ask);
    producer.on("ready", this.#ask);
    this.#turns = setInterval(() => {
      this.#heardBefore = this.#heard;
      this.#heard = new Set();
    }, 2 * saidAgainMs);
    this.#turns.unref();
  }

  /** Has a writer of the job tell its text as soon as somebody reads it. @returns the writer */
  tellBy(jobId: string, writer: JobStreamWriter): JobStreamWriter {
    const writers = this.#writers.get(jobId) ?? new Set();
    this.#writers.set(jobId, writers.add(writer));
    if (this.#heard.has(jobId) || this.#heardBefore.has(jobId)) writer.tell();
    return writer;
  }

  /** The job's text is wanted no more of the writers whose attempt is over. */
  letGo(jobId: string): void {
    const writers = this.#writers.get(jobId) ?? new Set();
    for (const writer of writers) if (writer.isOver) writers.delete(writer);
    if (writers.size === 0) this.#writers.delete(jobId);
  }

  readonly #hear = (channel: string, jobIds: string): void => {
    if (channel !== readJobs) return;
    for (const jobId of jobIds.split(",")) {
      this.#heard.add(jobId);
      for (const writer of this.#writers.get(jobId) ?? []) writer.tell();
    }
  };

  close(): void {
    clearInterval(this.#turns);
    this.#redis.off("message", this.#hear).off("ready", this.#ask);
    this.#producer.off("ready", this.#ask);
  }
}
