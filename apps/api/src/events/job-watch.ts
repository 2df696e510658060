import type { Database } from "@understudy/database";
import { changedStates } from "@understudy/jobs";

/** How often Postgres is asked. */
const pollMs = 1_000;

/** Jobs that one query asks for. */
const chunkMax = 1_000;

interface Watched {
  /** What was last seen of the job; undefined before the first look. */
  seen: string | undefined;
  listeners: Set<() => void>;
}

/**
 * Sees that jobs have changed, by one query a second for all that are watched: for what Redis does not tell, or while
 * it is away.
 */
export class JobWatch {
  readonly #database: Database;
  readonly #jobs = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Calls `listener` when the job's status, attempt or reason to wait has changed; the answer stops it. */
  on(jobId: string, listener: () => void): () => void {
    const watched = this.#jobs.get(jobId) ?? { seen: undefined, listeners: new Set() };
    this.#jobs.set(jobId, watched);
    watched.listeners.add(listener);
    this.#timer ??= setTimeout(() => void this.#poll(), pollMs);
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size === 0 && this.#jobs.get(jobId) === watched) this.#jobs.delete(jobId);
    };
  }

  async #poll(): Promise<void> {
    const ids = [...this.#jobs.keys()];
    for (let from = 0; from < ids.length; from += chunkMax) {
      // Postgres away: asked again in a second.
      await this.#look(ids.slice(from, from + chunkMax)).catch(() => {});
    }
    this.#timer = this.#jobs.size > 0 ? setTimeout(() => void this.#poll(), pollMs) : undefined;
  }

  async #look(ids: string[]): Promise<void> {
    const watched = ids.map((id) => ({ id, seen: this.#jobs.get(id)?.seen }));
    for (const { id, state } of await changedStates(this.#database, watched)) {
      const job = this.#jobs.get(id);
      if (!job || job.seen === state) continue;
      job.seen = state;
      for (const listener of job.listeners) listener();
    }
  }

  close(): void {
    this.#jobs.clear();
    clearTimeout(this.#timer);
  }
}
