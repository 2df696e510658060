import { loadStatement } from "@understudy/database";
import type { Standing } from "./redis-look.ts";
import type { World } from "./world.ts";

const jobsNowhere = loadStatement(new URL("./jobs-nowhere.sql", import.meta.url));

/** A job may stand nowhere for so long: then whoever finds it must have dispatched it anew. */
const nowhereMsMax = 15_000;

interface JobNowhere {
  id: string;
  /** As it would stand in Redis. */
  delivery: string;
  state: string;
  isQueued: boolean;
  acceptedAt: number;
}

/** Jobs that no place of Postgres will run. */
export function readJobsNowhere({ database }: Pick<World, "database">): Promise<JobNowhere[]> {
  return database.execute<JobNowhere>(jobsNowhere);
}

/** H: how long jobs have stood nowhere, look by look. */
export class NowhereWatch {
  readonly #since = new Map<string, number>();
  #longestMs = 0;

  /** The longest that any job stood nowhere. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Where nobody can know, the time begins anew. */
  forget(): void {
    this.#since.clear();
  }

  /** @param now ms of a clock that only goes forward */
  look(jobs: readonly JobNowhere[], { inLanes, inQueues }: Standing, now: number): string[] {
    const nowhere = jobs.filter(({ delivery }) => !inLanes.has(delivery) && !inQueues.has(delivery));
    const ids = new Set(nowhere.map(({ id }) => id));
    for (const id of this.#since.keys()) if (!ids.has(id)) this.#since.delete(id);
    const faults: string[] = [];
    for (const { id, state } of nowhere) {
      const since = this.#since.get(id) ?? now;
      this.#since.set(id, since);
      this.#longestMs = Math.max(this.#longestMs, now - since);
      if (now - since < nowhereMsMax) continue;
      faults.push(`H: ${id} (${state}) stood nowhere for ${nowhereMsMax / 1_000} s`);
      this.#since.delete(id);
    }
    return faults;
  }
}

/** H: jobs that stand in two places, either of which would run them. */
export class TwiceWatch {
  #before = new Set<string>();

  /** Where nobody can know, two looks have to say so anew. */
  forget(): void {
    this.#before.clear();
  }

  /**
   * Redis is asked for one place after the other, and a job may be moved on in between, never back: twice in
   * two looks in a row it stands in both. One that is older than this run of Redis may, since it may have
   * been released by the one before.
   */
  look(jobs: readonly JobNowhere[], { born = Number.POSITIVE_INFINITY, twice }: Standing): string[] {
    const found = jobs.filter(
      ({ delivery, isQueued, acceptedAt }) => isQueued && acceptedAt > born && twice.has(delivery),
    );
    const faults = found
      .filter(({ delivery }) => this.#before.has(delivery))
      .map(({ id, delivery }) => `H: ${id} stands in two places, ${twice.get(delivery)}`);
    this.#before = new Set(found.map(({ delivery }) => delivery));
    return faults;
  }
}
