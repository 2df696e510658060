import type { DispatchableJob, LaneTermsRow } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import type { EndedInLane } from "./life.ts";

const markStatement = loadStatement(new URL("./mark-dispatched.sql", import.meta.url));
const toDispatchStatement = loadStatement(new URL("./jobs-to-dispatch.sql", import.meta.url));
const queuedStatement = loadStatement(new URL("./queued-jobs.sql", import.meta.url));
const releasedStatement = loadStatement(new URL("./released-jobs.sql", import.meta.url));
const againStatement = loadStatement(new URL("./dispatch-again.sql", import.meta.url));
const absentStatement = loadStatement(new URL("./dispatch-absent.sql", import.meta.url));
const suspectsStatement = loadStatement(new URL("./suspects.sql", import.meta.url));
const changedTermsStatement = loadStatement(new URL("./changed-terms.sql", import.meta.url));
const endedInLaneStatement = loadStatement(new URL("./ended-in-lane.sql", import.meta.url));
const leftLaneStatement = loadStatement(new URL("./mark-left-lane.sql", import.meta.url));

/** What must not start within 30 days waits in Postgres: no key of Redis lives much longer. */
const daysAheadMax = 30;

/** Whether Redis need not hold a job yet: it is dispatched when its time is near (create-jobs.sql sets that). */
export function isFarAhead({ notBefore }: Pick<DispatchableJob, "notBefore">, now: Date): boolean {
  return notBefore !== null && notBefore.getTime() - now.getTime() > daysAheadMax * 86_400_000;
}

/** A dispatch of a job. */
export interface Dispatched {
  id: string;
  generation: number;
}

const dispatchesOf = (jobs: readonly Dispatched[]) => jobs.map(({ id, generation }) => ({ id, generation }));

/** Notes that jobs stand in Redis. */
export async function markDispatched(database: Database, jobs: readonly Dispatched[]): Promise<void> {
  await database.execute(markStatement, dispatchesOf(jobs));
}

/**
 * Jobs whose time has come and that are not noted as standing in Redis, the oldest first.
 * @param ageSeconds younger ones are most likely on their way
 */
export function jobsToDispatch(
  database: Database,
  ageSeconds: number,
  limit: number,
): Promise<DispatchableJob[]> {
  return database.execute(toDispatchStatement, [{ ageSeconds, limit }]);
}

/** A page of all jobs that Redis must hold in order of their ids, after `afterId` (`""` for the first page). */
export function queuedJobs(database: Database, afterId: string, limit: number): Promise<DispatchableJob[]> {
  return database.execute(queuedStatement, [{ afterId, limit }]);
}

/** Of jobs that were released to their queues, those that have not started under that generation. */
export function releasedJobs(
  database: Database,
  jobs: readonly Dispatched[],
): Promise<(Dispatched & { agent: string; creatorId: string })[]> {
  return database.execute(releasedStatement, dispatchesOf(jobs));
}

/**
 * Gives those of the jobs a new generation that still wait to start: what was dispatched under the old one is lost.
 * @param delaySeconds from now on, before which they are not due
 */
export function dispatchAgain(
  database: Database,
  jobs: readonly Dispatched[],
  delaySeconds = 0,
): Promise<DispatchableJob[]> {
  return database.execute(
    againStatement,
    dispatchesOf(jobs).map((job) => ({ ...job, delaySeconds })),
  );
}

/**
 * Makes jobs due again that are noted as standing in Redis, and do not.
 * @param ageSeconds those that were noted later may have come since
 */
export function dispatchAbsent(
  database: Database,
  jobs: readonly Dispatched[],
  ageSeconds: number,
): Promise<{ id: string }[]> {
  return database.execute(
    absentStatement,
    dispatchesOf(jobs).map((job) => ({ ...job, ageSeconds })),
  );
}

/** Jobs that ran in two crashes and wait to run alone, the longest waiting first. */
export function suspects(database: Database, limit: number): Promise<(Dispatched & { agent: string })[]> {
  return database.execute(suspectsStatement, [{ limit }]);
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
export async function markLeftLane(database: Database, jobs: readonly { id: string }[]): Promise<void> {
  await database.execute(
    leftLaneStatement,
    jobs.map(({ id }) => ({ id })),
  );
}
