import type { CreatorProfile, DispatchableJob } from "@understudy/contracts";
import { type Database, loadStatement, newId, type Statement } from "@understudy/database";
import { writeAttempts } from "@understudy/ledger";

type JobState = "queued" | "running" | "completed" | "failed" | "blocked" | "cancelled";

/** One way from some states into another: one statement, so that a job is in one state and nowhere between. */
interface Way {
  from: readonly JobState[];
  to: readonly JobState[];
  statement: Statement;
}

const way = (from: readonly JobState[], statement: Statement, ...to: readonly JobState[]): Way => ({
  from,
  to,
  statement,
});

/**
 * The life of a job: all ways that there are, beside its beginning (create-jobs.sql: it is accepted, and queued). What Redis and
 * BullMQ hold are hints that a queued job may be claimed; no state hangs on them.
 *
 * A queued job is claimed under its `generation`, which every way back to `queued` raises: deliveries of an earlier one are void.
 * An attempt writes under its number, which `claim` and `cancel` raise: one that is late is fenced off. While it waits for room
 * (`waitingFor` quota or paused) the ledger's wake-waiting-jobs.sql lets it go on, under a new generation.
 */
export const ways = {
  /** A worker begins an attempt. */
  claim: way(["queued"], loadStatement(new URL("./claim-jobs.sql", import.meta.url)), "running"),
  /** Its attempt ends it: with what else that has to write, by the ledger. */
  end: way(["running"], writeAttempts, "completed", "failed", "blocked"),
  /** Its attempt gives it back, until a time or until there is room. */
  putOff: way(["running"], loadStatement(new URL("./put-off-job.sql", import.meta.url)), "queued"),
  /** Its worker is dead: it runs again, after the second time alone; after the tenth it fails. */
  takeOver: way(
    ["running"],
    loadStatement(new URL("./take-over-jobs.sql", import.meta.url)),
    "queued",
    "failed",
  ),
  /** It ran alone, and has killed its process. */
  blame: way(["running"], loadStatement(new URL("./blame-jobs.sql", import.meta.url)), "failed"),
  /** The app wants no result any more. */
  cancel: way(
    ["queued", "running"],
    loadStatement(new URL("./cancel-job.sql", import.meta.url)),
    "cancelled",
  ),
  /** It has not begun by its `expiresAt`. */
  expire: way(["queued"], loadStatement(new URL("./expire-queued-jobs.sql", import.meta.url)), "failed"),
  /** No worker has known its agent for an hour. */
  failUnknown: way(
    ["queued"],
    loadStatement(new URL("./fail-unknown-agents.sql", import.meta.url)),
    "failed",
  ),
  /** The app wants it tried again. Planned anew each time: by its key for one job, by the time of the end for many. */
  retry: way(["failed"], loadStatement(new URL("./retry-jobs.sql", import.meta.url)), "queued"),
} as const satisfies Record<string, Way>;

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
  /** 1 runs first among its creator's jobs. */
  priority: number;
  /** When it might start at the earliest, where it was to wait. */
  notBefore: Date | null;
  /** The fencing number. */
  attempt: number;
  /** Attempts before this one that failed and used up a try. */
  tries: number;
  /** Its `expiresAt` passed before it first started. */
  expired: boolean;
  /** No attempt was made before this one. */
  isFirstStart: boolean;
  /** Since it was accepted, or since its `notBefore`; 0 where it had ended and is tried again. */
  ageSeconds: number;
  /** W3C trace context of the request that it came with, where that was traced. */
  traceparent: string | null;
  /** Its creator's. */
  plan: string;
  /** How its creator sounds. */
  profile: CreatorProfile | null;
  /** Steps that an earlier attempt has finished. */
  steps: { key: string; result: unknown }[];
  /** What its agent begins with, as first-reads.sql gives it; null is what was not read. */
  conversation: unknown;
  insights: unknown;
}

export interface Claim {
  id: string;
  /** Under which it was dispatched. */
  generation: number;
  /** Of this claim alone: repeated, because its answer was not heard, it is given the same attempt. */
  claimId: string;
  /** Name of the lease of who will run it. */
  workerId: string;
  /** Nothing else runs in that process: so suspects are run. */
  isAlone: boolean;
  timeoutSeconds: number;
  /** What its agent begins with, as first-reads.sql takes it. */
  reads?: ClaimReads | undefined;
}

/** Fields of the input, and how much is looked at. */
interface ClaimReads {
  recallsUnless: string;
  about: string;
  limit: number;
  jobsMax: number;
  matchesMax: number;
  examplesMax: number;
  exampleRelevance: number;
  decayPerDay: number;
}

/**
 * Begins an attempt of each job, fencing off any earlier one.
 * @param claims each job once
 * @returns for each the job; undefined where it runs, has ended or was dispatched again meanwhile
 */
export async function claimJobs(
  database: Database,
  claims: readonly Claim[],
): Promise<(ClaimedJob | undefined)[]> {
  const rows = await database.execute<ClaimedJob>(ways.claim.statement, claims);
  const jobs = new Map(rows.map((row) => [row.id, row]));
  return claims.map((claim) => jobs.get(claim.id));
}

/** How an attempt gives its job back. */
export type PutOff = { id: string; attempt: number } & (
  | {
      waitingFor: "provider" | "worker";
      /** Not before so long. */
      delayMs: number;
      /** It has used up one of its tries. */
      isTry: boolean;
    }
  | { waitingFor: "quota" | "paused"; neededUsd: string; isTry: false }
);

/**
 * Gives a running job back, to be attempted again.
 * @returns false where its attempt was fenced off
 */
export async function putOffJob(database: Database, putOff: PutOff): Promise<boolean> {
  return (await database.execute(ways.putOff.statement, [putOff])).length > 0;
}

/** A job that was taken from a dead worker. */
export interface TakenOver {
  id: string;
  workerId: string | null;
  /** In a row, this one included. */
  crashes: number;
  /** It has failed for that. */
  isBlamed: boolean;
}

/**
 * Takes running jobs from workers whose lease has ended, `limit` at most.
 * @param graceSeconds how long past its deadline an attempt may still be writing its end down, though its worker lives
 * @param asker none are taken unless that lease was held for so long: all that live must have had the time to renew theirs
 */
export function takeOverJobs(
  database: Database,
  graceSeconds: number,
  limit: number,
  asker?: { by: string; settledSeconds: number },
): Promise<TakenOver[]> {
  return database.execute(ways.takeOver.statement, [{ graceSeconds, limit, ...asker }]);
}

/** Fails suspects that have killed the process that they ran in alone. @returns theirs ids */
export async function blameJobs(database: Database, workerId: string): Promise<string[]> {
  const rows = await database.execute<{ id: string }>(ways.blame.statement, [{ workerId }]);
  return rows.map(({ id }) => id);
}

/** A job that ended while it was queued, as far as its lane must know. */
export type EndedInLane = Pick<DispatchableJob, "id" | "generation" | "agent" | "creatorId" | "priority">;

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
  const [cancelled] = await database.execute<Cancelled>(ways.cancel.statement, [{ id, eventId }]);
  return cancelled;
}

/** Ends jobs that had not started by their `expiresAt`, one for each event id at most. */
export function expireQueuedJobs(database: Database, eventIds: string[]): Promise<EndedInLane[]> {
  return database.execute(
    ways.expire.statement,
    eventIds.map((eventId) => ({ eventId })),
  );
}

/** Fails queued jobs of agents that no worker knows, where they have waited for so long. */
export async function failUnknownAgents(
  database: Database,
  jobs: readonly { id: string; generation: number }[],
  ageSeconds: number,
): Promise<void> {
  if (jobs.length === 0) return;
  await database.execute(
    ways.failUnknown.statement,
    jobs.map(({ id, generation }) => ({ id, generation, ageSeconds, eventId: newId("evt") })),
  );
}

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
 * @param laneMax jobs of one creator that may wait; any number unless given
 * @returns jobs to be dispatched under their new generation, when the first failed that was left out, and whether any was left out
 * since its creator's lane is full
 */
export async function retryJobs(
  database: Database,
  which: FailedJobs,
  limit: number,
  laneMax = 2_000_000_000,
): Promise<{ jobs: DispatchableJob[]; nextSince: Date | null; isLaneFull: boolean }> {
  // Without a name Postgres plans it each time, for what is asked.
  const statement = { ...ways.retry.statement, name: "" };
  const rows = await database.execute<
    (DispatchableJob | { id: null }) & { nextSince: Date | null; isLaneFull: boolean }
  >(statement, [{ ...which, limit, laneMax }]);
  const { nextSince = null, isLaneFull = false } = rows[0] ?? {};
  return { jobs: rows.filter((row) => row.id !== null), nextSince, isLaneFull };
}
