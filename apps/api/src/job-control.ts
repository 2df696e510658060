import { setTimeout as sleep } from "node:timers/promises";
import { isTerminal, type Job, type RetryAnswer, type RetryRequest } from "@understudy/contracts";
import { type Database, newId } from "@understudy/database";
import { cancelJob, retryJobs } from "@understudy/jobs";
import { announceJobCancelled, type Dispatcher, fenceJobStream } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import type { Redis } from "ioredis";
import type { Dispatch } from "./dispatch.ts";
import { laneFull } from "./full-lanes.ts";
import { type Caller, sees, visibleTo } from "./http/caller.ts";
import { ProblemError } from "./http/problem-error.ts";
import { noSuchJob } from "./jobs.ts";

/** How long an answer may wait for Redis. */
const redisWaitMs = 250;

/** Jobs that one request has tried again. */
const retriedMax = 1_000;

interface JobControlDependencies {
  database: Database;
  redis: Redis;
  dispatcher: Dispatcher;
  dispatch: Dispatch;
  find: (id: string) => Promise<Job | undefined>;
  /** Jobs of one creator that may wait. */
  laneMax: number;
  logger: Logger;
}

/** What an app changes of a job that it has asked for. */
export interface JobControl {
  /**
   * Ends a job that has not ended; the call that it may be making is aborted. Again, it changes nothing.
   * @returns the job, cancelled
   * @throws a 404 problem where there is no such job, 409 where it has ended otherwise
   */
  cancel(caller: Caller, id: string): Promise<Job>;
  /**
   * Has a failed job tried again; one that waits or runs already is left as it is.
   * @returns the job as it is then
   * @throws a 404 problem where there is no such job, 409 where it has ended otherwise or was erased
   */
  retry(caller: Caller, id: string): Promise<Job>;
  /** The same of all failed jobs that `request` names, a thousand at most. */
  retryMany(caller: Caller, request: RetryRequest): Promise<RetryAnswer>;
}

export function createJobControl(dependencies: JobControlDependencies): JobControl {
  const { database, redis, dispatcher, dispatch, find, laneMax, logger } = dependencies;

  function noRoom(): ProblemError {
    return laneFull(
      `${laneMax} jobs of the creator wait already: as many as there may be. Try again when some have started.`,
      10,
    );
  }

  async function read(caller: Caller, id: string): Promise<Job> {
    const job = await find(id);
    if (!job || !sees(caller, job.creatorId)) throw noSuchJob();
    return job;
  }

  async function cancel(caller: Caller, id: string): Promise<Job> {
    await read(caller, id);
    const cancelled = await cancelJob(database, id, newId("evt"));
    if (cancelled) {
      // Best effort, and not waited for long: it can't be run any more. Its worker looks into Postgres, and the reconciler takes it
      // out of its lane.
      const told = Promise.allSettled([
        announceJobCancelled(redis, id),
        cancelled.wasRunning ? fenceJobStream(redis, id, cancelled.attempt) : dispatcher.remove(cancelled),
      ]);
      await Promise.race([told, sleep(redisWaitMs, undefined, { ref: false })]);
    }
    const job = await read(caller, id);
    if (job.status !== "cancelled") {
      throw new ProblemError(409, "job_not_cancellable", `The job is ${job.status}: it has ended.`, {
        members: { jobStatus: job.status },
      });
    }
    return job;
  }

  async function retry(caller: Caller, id: string): Promise<Job> {
    await read(caller, id);
    const { jobs, isLaneFull } = await retryJobs(database, { id }, 1, laneMax);
    if (isLaneFull) throw noRoom();
    await Promise.race([letIn(jobs), sleep(redisWaitMs, undefined, { ref: false })]);
    const job = await read(caller, id);
    if (jobs.length > 0 || !isTerminal(job.status)) return job;
    if (job.erasedAt)
      throw new ProblemError(409, "job_erased", "The job's fan was erased: nothing of it is left.");
    throw new ProblemError(
      409,
      "job_not_failed",
      `The job is ${job.status}: only a failed one is tried again. Submit it anew instead.`,
      { members: { jobStatus: job.status } },
    );
  }

  async function retryMany(caller: Caller, request: RetryRequest): Promise<RetryAnswer> {
    const { since, until = database.clock.now().toISOString(), ...which } = request;
    const { jobs, nextSince, isLaneFull } = await retryJobs(
      database,
      {
        ...which,
        creatorIds: visibleTo(caller),
        ...(since !== undefined && { since: new Date(since) }),
        until: new Date(until),
      },
      retriedMax,
      laneMax,
    );
    if (isLaneFull && jobs.length === 0) throw noRoom();
    // Not waited for: they are written down.
    void letIn(jobs);
    return {
      retried: jobs.length,
      until,
      ...(nextSince && { nextSince: nextSince.toISOString() }),
      ...(isLaneFull && { laneFull: true }),
    };
  }

  async function letIn(jobs: Parameters<Dispatch>[0][]): Promise<void> {
    await Promise.all(jobs.map(dispatch)).catch((err: unknown) =>
      logger.warn({ err, jobs: jobs.length }, "left to the reconciler: Redis did not take the jobs"),
    );
  }

  return { cancel, retry, retryMany };
}
