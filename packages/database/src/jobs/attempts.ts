import type { CreatorProfile } from "@understudy/contracts";
import type { Database } from "../database.ts";
import { loadStatement } from "../statement.ts";

const claimStatement = loadStatement(new URL("./claim-jobs.sql", import.meta.url));
const finishStatement = loadStatement(new URL("./finish-jobs.sql", import.meta.url));
const takeBackCrashStatement = loadStatement(new URL("./take-back-crash.sql", import.meta.url));
const requeueStatement = loadStatement(new URL("./requeue-job.sql", import.meta.url));

/** A job in the hands of one attempt. */
export interface ClaimedJob {
  id: string;
  agent: string;
  creatorId: string;
  /** Whom its input tells of. */
  fanId: string | null;
  feature: string;
  model: string;
  input: unknown;
  /** The fencing number. */
  attempt: number;
  /** Attempts before this one that ended without a word. */
  crashes: number;
  /** Its `expiresAt` passed before it first started. */
  expired: boolean;
  /** No attempt was made before this one. */
  isFirstStart: boolean;
  /** Since it was accepted, or since its `notBefore`; 0 where it had ended and is tried again. */
  ageSeconds: number;
  /** W3C trace context of the request that it came with, where that was traced. */
  traceparent: string | null;
  /** How its creator sounds. */
  profile: CreatorProfile | null;
  /** Steps that an earlier attempt has finished. */
  steps: { key: string; result: unknown }[];
}

export interface JobEnd {
  id: string;
  attempt: number;
  status: "completed" | "failed" | "blocked";
  result?: unknown;
  errorCode?: string;
  errorMessage?: string;
  errorRetryable?: boolean;
  errorResetsAt?: Date | undefined;
  /** Key of the step whose answer could not be used. */
  errorStep?: string | undefined;
  /** Of the event in the outbox: stable, however often it is told. */
  eventId: string;
}

/**
 * Begins an attempt of each job, fencing off any earlier one.
 * @returns for each the job; undefined where it has ended or was dispatched again meanwhile
 */
export async function claimJobs(
  database: Database,
  claims: { id: string; generation: number; timeoutSeconds: number }[],
): Promise<(ClaimedJob | undefined)[]> {
  const rows = await database.execute<ClaimedJob>(claimStatement, claims);
  const jobs = new Map(rows.map((row) => [row.id, row]));
  return claims.map((claim) => jobs.get(claim.id));
}

/** A job that has ended now. */
export interface EndedJob {
  id: string;
  /** It holds something yet, for calls that it did not make after all. */
  holdsRoom: boolean;
}

/**
 * Ends jobs and writes their events to the outbox, in one transaction.
 * @returns for each what ended now; undefined where its attempt was fenced off
 */
export async function finishJobs(database: Database, ends: JobEnd[]): Promise<(EndedJob | undefined)[]> {
  const rows = await database.execute<EndedJob>(finishStatement, ends);
  const finished = new Map(rows.map((row) => [row.id, row]));
  return ends.map((end) => finished.get(end.id));
}

/**
 * Gives a running job back, to be attempted again.
 * @param job `neededUsd` where it waits for room: it leaves its queue, until it is dispatched anew
 * @returns false where its attempt was fenced off
 */
export async function requeueJob(
  database: Database,
  job: { id: string; attempt: number } & (
    | { waitingFor: "provider" | "worker" }
    | { waitingFor: "quota" | "paused"; neededUsd: string }
  ),
): Promise<boolean> {
  return (await database.execute(requeueStatement, [job])).length > 0;
}

/** Says of an attempt that was fenced off that its worker had not crashed, but was only slow. */
export async function takeBackCrash(
  database: Database,
  fenced: { id: string; attempt: number },
): Promise<void> {
  await database.execute(takeBackCrashStatement, [fenced]);
}
