import type { JobStatus } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";

/** Without a name Postgres plans it each time, for what is asked. */
const listStatement = { ...loadStatement(new URL("./list-jobs.sql", import.meta.url)), name: "" };

/** Where a job stands in a list. */
export interface JobPlace {
  id: string;
  createdAt: Date;
}

/** Jobs for which all of this holds. */
export interface JobFilter {
  creatorId?: string | undefined;
  /** Of these creators only. */
  creatorIds?: readonly string[] | undefined;
  agent?: string | undefined;
  status?: JobStatus | undefined;
  /** Created then or later. */
  from?: string | undefined;
  /** Created before. */
  to?: string | undefined;
  /** Whole id of a job or fan, beginning of a creator's id, or words of an error. */
  q?: string | undefined;
}

/** Jobs in the order in which they were created, the newest first, behind `after`; `limit` at most. */
export function listJobs(
  database: Database,
  filter: JobFilter,
  after: JobPlace | undefined,
  limit: number,
): Promise<JobPlace[]> {
  const { createdAt: afterAt, id: afterId } = after ?? {};
  return database.execute(listStatement, [{ ...filter, afterAt, afterId, limit }]);
}
