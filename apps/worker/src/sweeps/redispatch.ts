import type { DispatchableJob } from "@understudy/contracts";
import {
  jobsLeftBehind,
  jobsToDispatch,
  markDispatched,
  queuedJobs,
  retriesLeftBehind,
} from "@understudy/database";
import { redisIncarnation } from "@understudy/queues";
import type { SweepDependencies } from "./sweep-dependencies.ts";

const pageSize = 1_000;

/** Younger jobs are most likely on their way from the API to Redis, or it has not noted yet that they stand there. */
const onTheirWaySeconds = 3;

/** How long past its deadline an attempt may still be writing its end down. */
const endingSeconds = 30;

/** Names the run of Redis that is known to hold every queued job. */
const filledKey = "understudy:filled-incarnation";

/** Jobs that were accepted while Redis was away, or whose API died before it had dispatched them. */
export async function dispatchUndispatched({
  database,
  dispatcher,
  logger,
}: SweepDependencies): Promise<void> {
  for (;;) {
    const jobs = await jobsToDispatch(database, onTheirWaySeconds, pageSize);
    await dispatchAndMark(database, dispatcher, jobs);
    if (jobs.length > 0) logger.info({ jobs: jobs.length }, "dispatched jobs that Redis had not taken");
    if (jobs.length < pageSize) return;
  }
}

/**
 * After a restart or a wipe of Redis anything may be missing there: all queued jobs are added again, which
 * changes nothing where they stand already.
 */
export async function refillRedis({ database, dispatcher, redis, logger }: SweepDependencies): Promise<void> {
  const incarnation = await redisIncarnation(redis);
  if ((await redis.get(filledKey)) === incarnation) return;
  let count = 0;
  let page: DispatchableJob[] = [];
  do {
    page = await queuedJobs(database, page.at(-1)?.id ?? "", pageSize);
    await dispatchAndMark(database, dispatcher, page);
    count += page.length;
  } while (page.length === pageSize);
  await redis.set(filledKey, incarnation);
  logger.info({ jobs: count }, "Redis is new or was wiped: dispatched all queued jobs again");
}

/** Jobs whose worker died and whose place in Redis is lost as well, so that BullMQ can't run them again. */
export async function dispatchLeftBehind({ database, dispatcher, logger }: SweepDependencies): Promise<void> {
  const jobs = await jobsLeftBehind(database, endingSeconds, pageSize);
  if (jobs.length === 0) return;
  logger.warn({ jobs: jobs.length }, "jobs were left behind by a worker and are dispatched again");
  await dispatchAndMark(database, dispatcher, jobs);
}

/**
 * Jobs that wait to be attempted again, and that an operator may have taken out of their queues meanwhile: they are
 * added again, which changes nothing where they stand there. Their attempts are counted anew then.
 */
export async function addRetriesAgain({ database, dispatcher }: SweepDependencies): Promise<void> {
  await dispatcher.addAgain(await retriesLeftBehind(database, endingSeconds, pageSize));
}

/** Puts jobs into Redis and notes that they stand there. */
export async function dispatchAndMark(
  database: SweepDependencies["database"],
  dispatcher: SweepDependencies["dispatcher"],
  jobs: DispatchableJob[],
): Promise<void> {
  if (jobs.length === 0) return;
  await dispatcher.dispatch(jobs);
  await markDispatched(database, jobs);
}
