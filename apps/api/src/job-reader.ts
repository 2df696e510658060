import type { Job, JobsQuery, LaneTermsRow, Provider } from "@understudy/contracts";
import { type Database, groupCommit } from "@understudy/database";
import { type JobRow, listJobs, presentJob, readJobs } from "@understudy/jobs";
import { type Dispatcher, laneEntry } from "@understudy/queues";
import { type Caller, visibleTo } from "./http/caller.ts";
import { decodeCursor, encodeCursor } from "./http/cursor.ts";
import { admissionOf } from "./lane-view.ts";

/** Jobs that one query reads at most, of those that are asked for one by one. */
const readMax = 100;

interface JobReaderDependencies {
  database: Database;
  dispatcher: Dispatcher;
  /** Who will answer, of a job that made no call yet. */
  expectedProvider: Provider;
}

export interface JobReader {
  /** The job as it is now; undefined where there is none. */
  find(id: string): Promise<Job | undefined>;
  /**
   * A page of the caller's jobs, the newest first.
   * @throws a 400 problem where the cursor is not one of this list
   */
  list(caller: Caller, query: JobsQuery): Promise<{ items: Job[]; nextCursor?: string }>;
}

export function createJobReader({
  database,
  dispatcher,
  expectedProvider,
}: JobReaderDependencies): JobReader {
  // A thousand readers of events may ask at once: a query for each would keep all others waiting for a connection.
  const readRow = groupCommit(
    readMax,
    (id: string) => id,
    async (ids) => {
      const rows = new Map((await readJobs(database, ids)).map((row) => [row.id, row]));
      return ids.map((id) => rows.get(id));
    },
  );

  async function find(id: string): Promise<Job | undefined> {
    const row = await readRow(id);
    return row && present(row);
  }

  async function list(caller: Caller, query: JobsQuery): Promise<{ items: Job[]; nextCursor?: string }> {
    const { cursor, limit, ...filter } = query;
    const place = cursor === undefined ? undefined : decodeCursor(cursor);
    const places = await listJobs(
      database,
      { ...filter, creatorIds: visibleTo(caller) },
      place && { createdAt: place.startedAt, id: place.id },
      limit + 1,
    );
    const page = places.slice(0, limit);
    const rows = await readJobs(
      database,
      page.map(({ id }) => id),
    );
    const jobs = new Map(await Promise.all(rows.map(async (row) => [row.id, await present(row)] as const)));
    const last = places.length > limit ? page.at(-1) : undefined;
    return {
      items: page.flatMap(({ id }) => jobs.get(id) ?? []),
      ...(last && { nextCursor: encodeCursor({ startedAt: last.createdAt, id: last.id }) }),
    };
  }

  async function present(row: JobRow): Promise<Job> {
    const job = presentJob(row, expectedProvider, database.clock.now());
    return row.terms ? { ...job, ...(await whyItWaits(row, row.terms)) } : job;
  }

  /** Why a job waits that was not released yet, and for how long. Without Redis: for a worker, as far as is known. */
  async function whyItWaits(
    row: JobRow,
    terms: LaneTermsRow,
  ): Promise<Pick<Job, "waitingFor" | "admission">> {
    const placement = await dispatcher.lanes
      .look(row.creatorId, terms, laneEntry(row))
      .catch(() => undefined);
    const now = database.clock.now();
    const admission = admissionOf(placement, now, row.notBefore);
    if (row.notBefore && row.notBefore > now) return { waitingFor: "time", admission };
    if (placement?.position === undefined) return { waitingFor: terms.isPaused ? "paused" : "worker" };
    const waitingFor = terms.isPaused ? "paused" : placement.tokens > placement.position ? "worker" : "token";
    return { waitingFor, admission };
  }

  return { find, list };
}
