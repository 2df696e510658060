import type { DispatchableJob, LaneTermsRow } from "@understudy/contracts";
import type { Database } from "../database.ts";
import { loadStatement } from "../statement.ts";

const markStatement = loadStatement(new URL("./mark-dispatched.sql", import.meta.url));
const toDispatchStatement = loadStatement(new URL("./jobs-to-dispatch.sql", import.meta.url));
const queuedStatement = loadStatement(new URL("./queued-jobs.sql", import.meta.url));
const leftBehindStatement = loadStatement(new URL("./jobs-left-behind.sql", import.meta.url));
const retriesLeftBehindStatement = loadStatement(new URL("./retries-left-behind.sql", import.meta.url));
const releasedStatement = loadStatement(new URL("./released-jobs.sql", import.meta.url));
const changedTermsStatement = loadStatement(new URL("./changed-terms.sql", import.meta.url));
const cancelStatement = loadStatement(new URL("./cancel-job.sql", import.meta.url));
const cancelledStatement = loadStatement(new URL("./cancelled-jobs.sql", import.meta.url));
const endedInLaneStatement = loadStatement(new URL("./ended-in-lane.sql", import.meta.url));
const leftLaneStatement = loadStatement(new URL("./mark-left-lane.sql", import.meta.url));
const expireStatement = loadStatement(new URL("./expire-queued-jobs.sql", import.meta.url));

/** Notes that jobs stand in Redis. */
export async function markDispatched(
  database: Database,
  jobs: { id: string; generation: number }[],
): Promise<void> {
  await database.execute(
    markStatement,
    jobs.map(({ id, generation }) => ({ id, generation })),
  );
}

/** Accepted jobs older than `ageSeconds` that are not noted as standing in Redis, the oldest first. */
export function jobsToDispatch(
  database: Database,
  ageSeconds: number,
  limit: number,
): Promise<DispatchableJob[]> {
  return database.execute(toDispatchStatement, [{ ageSeconds, limit }]);
}

/** A page of all queued jobs in order of their ids, after `afterId` (`""` for the first page). */
export function queuedJobs(database: Database, afterId: string, limit: number): Promise<DispatchableJob[]> {
  return database.execute(queuedStatement, [{ afterId, limit }]);
}

/** Gives back jobs whose attempt passed its deadline by `graceSeconds`, under a new generation. */
export function jobsLeftBehind(
  database: Database,
  graceSeconds: number,
  limit: number,
): Promise<DispatchableJob[]> {
  return database.execute(leftBehindStatement, [{ graceSeconds, limit }]);
}

/** Jobs that should stand in their queues to be attempted again; each is named once in `graceSeconds`. */
export function retriesLeftBehind(
  database: Database,
  graceSeconds: number,
  limit: number,
): Promise<{ id: string; generation: number; agent: string; creatorId: string }[]> {
  return database.execute(retriesLeftBehindStatement, [{ graceSeconds, limit }]);
}

/** A job that ended while it was queued, as far as its lane must know. */
type EndedInLane = Pick<DispatchableJob, "id" | "generation" | "agent" | "creatorId" | "priority">;

/** Ends jobs that had not started by their `expiresAt`, one for each event id at most. */
export function expireQueuedJobs(database: Database, eventIds: string[]): Promise<EndedInLane[]> {
  return database.execute(
    expireStatement,
    eventIds.map((eventId) => ({ eventId })),
  );
}

/** Of jobs that were released to their queues, those that have not started under that generation. */
export function releasedJobs(
  database: Database,
  jobs: { id: string; generation: number }[],
): Promise<{ id: string; generation: number; agent: string; creatorId: string }[]> {
  return database.execute(
    releasedStatement,
    jobs.map(({ id, generation }) => ({ id, generation })),
  );
}

/** Creators with queued jobs whose terms changed in the last `seconds`. */
export function changedTerms(
  database: Database,
  seconds: number,
): Promise<{ creatorId: string; terms: LaneTermsRow }[]> {
  return database.execute(changedTermsStatement, [{ seconds }]);
}

/** Jobs that ended before they started, and may still stand in their lanes. */
export function jobsEndedInLane(database: Database, limit: number): Promise<EndedInLane[]> {
  return database.execute(endedInLaneStatement, [{ limit }]);
}

/** Notes that ended jobs stand in no lane any more. */
export async function markLeftLane(database: Database, jobs: { id: string }[]): Promise<void> {
  await database.execute(
    leftLaneStatement,
    jobs.map(({ id }) => ({ id })),
  );
}

/** A job that was cancelled now. */
interface Cancelled extends EndedInLane {
  /** Who has an earlier number was fenced off. */
  attempt: number;
  /** And may still be at it. */
  wasRunning: boolean;
}

/** Cancels a job that has not ended; undefined where it has, or where there is none. */
export async function cancelJob(
  database: Database,
  id: string,
  eventId: string,
): Promise<Cancelled | undefined> {
  const [cancelled] = await database.execute<Cancelled>(cancelStatement, [{ id, eventId }]);
  return cancelled;
}

/** Those of the jobs that were cancelled. */
export async function cancelledJobs(database: Database, ids: readonly string[]): Promise<string[]> {
  const items = ids.map((id) => ({ id }));
  return (await database.execute<{ id: string }>(cancelledStatement, items)).map(({ id }) => id);
}
