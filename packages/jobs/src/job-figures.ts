import { type Database, loadStatement } from "@understudy/database";

const bytesStatement = loadStatement(new URL("./queued-bytes.sql", import.meta.url));
const byMinuteStatement = loadStatement(new URL("./jobs-by-minute.sql", import.meta.url));
const endsStatement = loadStatement(new URL("./job-ends.sql", import.meta.url));
const failuresStatement = loadStatement(new URL("./failures.sql", import.meta.url));
const waitingStatement = loadStatement(new URL("./waiting-jobs.sql", import.meta.url));

/** What the inputs of a creator's queued jobs take, in bytes of JSON; those of before this was kept count as 0. */
export async function queuedBytes(database: Database, creatorId: string): Promise<number> {
  const [row] = await database.execute<{ bytes: number }>(bytesStatement, [{ creatorId }]);
  return row?.bytes ?? 0;
}

/** One minute of all jobs; `failed` counts the blocked, too. */
export interface MinuteOfJobs {
  at: Date;
  accepted: number;
  completed: number;
  failed: number;
}

/** The last `minutes` minutes, the oldest first; the last one is under way. */
export function jobsByMinute(database: Database, minutes: number): Promise<MinuteOfJobs[]> {
  return database.execute(byMinuteStatement, [{ minutes }]);
}

export interface JobEnds {
  running: number;
  completed: number;
  failed: number;
  blocked: number;
  cancelled: number;
}

/** How many jobs ended in the last `hours` hours, by how, and how many run now. */
export async function jobEnds(database: Database, hours: number): Promise<JobEnds> {
  const [row] = await database.execute<JobEnds>(endsStatement, [{ hours }]);
  return row ?? { running: 0, completed: 0, failed: 0, blocked: 0, cancelled: 0 };
}

/** Why jobs failed or were blocked in the last `hours` hours, the most frequent first. */
export function failures(
  database: Database,
  hours: number,
  limit: number,
): Promise<{ code: string; jobs: number; latestAt: Date }[]> {
  return database.execute(failuresStatement, [{ hours, limit }]);
}

/**
 * Queued jobs: by cause, or by creator where only their lane can tell.
 * @param lanes the longest so many are told apart; neither cause nor creator: all others
 */
export function waitingJobs(
  database: Database,
  lanes: number,
): Promise<{ cause: string | null; creatorId: string | null; jobs: number }[]> {
  return database.execute(waitingStatement, [{ lanes }]);
}
