import type { Database } from "@understudy/database";
import { markDispatched } from "@understudy/jobs";
import type { Logger } from "@understudy/service";

/** What one statement notes at most. */
const batchMax = 2_000;

/**
 * Long enough for most jobs to have started, which notes it as well: those need no write of their own. Shorter than the
 * sweeper takes a job for lost: it would let it in again, which changes nothing but costs.
 */
const pauseMs = 1_000;

interface Dispatched {
  id: string;
  generation: number;
}

/** Notes in Postgres, a little later and many at once, that jobs stand in Redis. What is lost, the reconciler finds out. */
export class DispatchNotes {
  readonly #database: Database;
  readonly #logger: Logger;
  #jobs: Dispatched[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
  }

  add(jobs: readonly Dispatched[]): void {
    for (const job of jobs) this.#jobs.push(job);
    this.#timer ??= setTimeout(() => void this.#write(), pauseMs).unref();
  }

  async #write(): Promise<void> {
    const jobs = this.#jobs.splice(0, batchMax);
    this.#timer = this.#jobs.length > 0 ? setTimeout(() => void this.#write(), 0).unref() : undefined;
    try {
      await markDispatched(this.#database, jobs);
    } catch (err) {
      this.#logger.warn({ err, jobs: jobs.length }, "jobs stand in Redis, but that is not noted");
    }
  }
}
