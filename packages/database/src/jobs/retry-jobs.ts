import type { DispatchableJob } from "@understudy/contracts";
import type { Database } from "../database.ts";
import { loadStatement } from "../statement.ts";

/** Without a name Postgres plans it each time, for what is asked: by its key for one job, by the time of the end for many. */
const retryStatement = { ...loadStatement(new URL("./retry-jobs.sql", import.meta.url)), name: "" };

/** Failed jobs for which all of this holds. */
export interface FailedJobs {
  id?: string | undefined;
  agent?: string | undefined;
  creatorId?: string | undefined;
  /** Of these creators only. */
  creatorIds?: readonly string[] | undefined;
  /** `error.code` */
  code?: string | undefined;
  /** Failed then or later. */
  since?: Date | undefined;
  /** Failed before. */
  until?: Date | undefined;
}

/**
 * Has failed jobs tried again, `limit` at most, the longest failed first. Those of erased fans stay as they are.
 * @returns jobs to be dispatched under their new generation, and when the first failed that was left out
 */
export async function retryJobs(
  database: Database,
  which: FailedJobs,
  limit: number,
): Promise<{ jobs: DispatchableJob[]; nextSince: Date | null }> {
  const rows = await database.execute<DispatchableJob & { nextSince: Date | null }>(retryStatement, [
    { ...which, limit },
  ]);
  return { jobs: rows, nextSince: rows[0]?.nextSince ?? null };
}
