import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";
import { JobStreamWriter, type StreamItem } from "./job-stream-writer.ts";

/** A piece of a job's text, or that all before it is taken back. */
export interface JobStreamEntry extends StreamItem {
  /** Given by Redis; grows from entry to entry. */
  id: string;
  attempt: number;
}

/** Before the first entry. */
export const streamStart = "0-0";

/** Longer than the longest pause of an attempt: what it has written is there when it goes on. */
const keepSeconds = 3_600;

/** After the job's end, and after the last who read it then: its result stands in Postgres. */
const keepEndedSeconds = 60;

/** More than the longest attempt writes, at a write each 40 ms. */
const entriesMax = 5_000;

/** Entries that one read gives at most. */
const readMax = 200;

interface AppendCommand {
  appendToJobStream(...keysAndArguments: (string | number)[]): Promise<unknown>;
}

/** One slot of a Redis Cluster for each job. Also the channel over which its readers are woken. */
export function jobStreamKey(jobId: string): string {
  return `{job:${jobId}}:events`;
}

/**
 * What agents write, while they write it: a Redis stream for each job. Best effort: a job's result stands in Postgres,
 * and nothing waits for this.
 */
export class JobStreams {
  readonly #redis: Redis & AppendCommand;

  /** @param redis a producer connection, closed by its owner */
  constructor(redis: Redis) {
    redis.defineCommand("appendToJobStream", {
      numberOfKeys: 1,
      lua: readFileSync(new URL("./append-1.lua", import.meta.url), "utf8"),
    });
    this.#redis = redis as Redis & AppendCommand;
  }

  /** For one attempt of a job. */
  writer(jobId: string, attempt: number): JobStreamWriter {
    return new JobStreamWriter(attempt, (items, isEnd) =>
      this.append(jobId, attempt, items, isEnd ? keepEndedSeconds : keepSeconds),
    );
  }

  /** The job has ended, and somebody reads it: it is kept for as long again. */
  async keepEnded(jobId: string): Promise<void> {
    await this.#redis.expire(jobStreamKey(jobId), keepEndedSeconds);
  }

  /** Nothing, where a later attempt has written. */
  append(
    jobId: string,
    attempt: number,
    items: readonly StreamItem[],
    keptSeconds = keepSeconds,
  ): Promise<unknown> {
    return this.#redis.appendToJobStream(
      jobStreamKey(jobId),
      attempt,
      entriesMax,
      keptSeconds,
      ...items.flatMap(({ kind, step, at, text }) => [kind, step, at, text]),
    );
  }

  /** The entries after `id`, the oldest first; as many as one read gives. */
  async read(jobId: string, id: string): Promise<JobStreamEntry[]> {
    const entries = await this.#redis.xrange(jobStreamKey(jobId), `(${id}`, "+", "COUNT", readMax);
    return entries.map(([entryId, fields]) => readEntry(entryId, fields));
  }
}

function readEntry(id: string, fields: string[]): JobStreamEntry {
  const value = (name: string) => fields[fields.indexOf(name) + 1] ?? "";
  return {
    id,
    attempt: Number(value("attempt")),
    kind: value("kind") === "retract" ? "retract" : "token",
    step: value("step"),
    at: Number(value("at")),
    text: value("text"),
  };
}

/**
 * Takes back what attempts before `attempt` wrote, and lets them write no more while they may not have heard that their job has ended.
 * One script: nothing comes between the two. The first entry is there to be taken back where there is nothing else.
 */
export async function fenceJobStream(redis: Redis, jobId: string, attempt: number): Promise<void> {
  const nothing = { step: "", at: 0, text: "" };
  const items: StreamItem[] = [
    { kind: "token", ...nothing },
    { kind: "retract", ...nothing },
  ];
  await new JobStreams(redis).append(jobId, attempt, items, keepEndedSeconds);
}

/** Forgets what agents wrote for these jobs. @returns how many of them had something that was kept */
export async function eraseJobStreams(redis: Redis, jobIds: readonly string[]): Promise<number> {
  // Each by itself: they lie in different slots of a Redis Cluster.
  const erased = await Promise.all(jobIds.map((id) => redis.unlink(jobStreamKey(id))));
  return erased.reduce((sum, count) => sum + count, 0);
}
