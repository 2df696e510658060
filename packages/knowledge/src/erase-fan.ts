import type { DispatchableJob, ErasedFan } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";

const cancelStatement = loadStatement(new URL("./cancel-fan-jobs.sql", import.meta.url));
const jobsStatement = loadStatement(new URL("./fan-jobs.sql", import.meta.url));
const lockStepsStatement = loadStatement(new URL("./lock-steps.sql", import.meta.url));
const eraseJobsStatement = loadStatement(new URL("./erase-jobs.sql", import.meta.url));
const eraseFanStatement = loadStatement(new URL("./erase-fan.sql", import.meta.url));

/** Jobs in one transaction: what holds up others' steps must be short. */
const batchMax = 500;

/** A job that was ended because its fan is erased. */
export type CancelledJob = Pick<DispatchableJob, "id" | "generation" | "agent" | "creatorId" | "priority">;

/** A job that is being erased. */
export interface FanJob {
  id: string;
  /** Who has an earlier number was fenced off. */
  attempt: number;
  /** And may still be at it. */
  wasRunning: boolean;
}

/** What else must forget. Each may be called again with the same; what it throws stops the erasure, to be repeated. */
export interface ElsewhereErased {
  /** Nobody shall wait for these jobs, nor they for anything. */
  cancelled(jobs: readonly CancelledJob[]): Promise<void>;
  /** What is kept of jobs outside Postgres. @returns how many had something */
  streams(jobs: readonly FanJob[]): Promise<number>;
}

/**
 * Erases a fan of one creator. First all that has not ended is cancelled, then every job is erased, batch by batch:
 * what is kept elsewhere before what Postgres knows it by, so that an erasure that stops half-way can be repeated.
 * @returns what was erased by this call: a second one finds nothing
 */
export async function eraseFan(
  database: Database,
  fan: { creatorId: string; fanId: string },
  elsewhere: ElsewhereErased,
): Promise<ErasedFan> {
  const sums = { jobs: 0, cancelled: 0, steps: 0, insights: 0, feedback: 0, events: 0, streams: 0 };
  const batch = [{ ...fan, limit: batchMax }];

  for (;;) {
    const cancelled = await database.execute<CancelledJob>(cancelStatement, batch);
    await elsewhere.cancelled(cancelled);
    sums.cancelled += cancelled.length;

    const jobs = await database.execute<FanJob>(jobsStatement, batch);
    if (jobs.length === 0) break;
    sums.streams += await elsewhere.streams(jobs);
    add(sums, await eraseJobs(database, jobs));
  }
  const [rest] = await database.execute<{ insights: number; memory: boolean }>(eraseFanStatement, [fan]);
  if (!rest) throw new Error("erase-fan.sql has no row.");
  return { ...fan, ...sums, insights: sums.insights + rest.insights, memory: rest.memory };
}

type Sums = Pick<ErasedFan, "jobs" | "steps" | "insights" | "feedback" | "events">;

/**
 * The lock comes first: an answer that is being settled may not see yet that its job was cancelled, and would add its
 * step after the others are gone.
 */
function eraseJobs(database: Database, jobs: FanJob[]): Promise<Sums> {
  return database.transaction(async (execute) => {
    await execute(lockStepsStatement);
    const [erased] = await execute<Sums>(
      eraseJobsStatement,
      jobs.map(({ id }) => ({ id })),
    );
    if (!erased) throw new Error("erase-jobs.sql has no row.");
    return erased;
  });
}

function add(sums: Sums, more: Sums): void {
  for (const key of ["jobs", "steps", "insights", "feedback", "events"] as const) sums[key] += more[key];
}
