import { changedTerms, jobsEndedInLane, markLeftLane, releasedJobs } from "@understudy/database";
import { laneEntry, readLaneEntry } from "@understudy/queues";
import type { SweepDependencies } from "./sweep-dependencies.ts";

const pageSize = 1_000;

/** What was released so long ago should be in a worker's hands, unless all workers are busy. */
const overdueMs = 5_000;

/** Every process that moves the lanes wakes for the next token by itself; this is for when none has, or has died. */
export async function moveLanes({ dispatcher }: SweepDependencies): Promise<void> {
  await dispatcher.move({});
}

/**
 * Released jobs of which no start was heard. Those that still wait are added to their queues again, which changes
 * nothing where they stand there: their process may have died in between, or an operator removed them. The others
 * have started or ended, and make room.
 */
export async function addReleasedAgain({ database, dispatcher, logger }: SweepDependencies): Promise<void> {
  const overdue = (await dispatcher.lanes.overdue(overdueMs, pageSize)).map(readLaneEntry);
  if (overdue.length === 0) return;
  const waiting = new Map((await releasedJobs(database, overdue)).map((job) => [job.id, job]));
  await dispatcher.addAgain([...waiting.values()]);
  const gone = overdue.filter((job) => waiting.get(job.id)?.generation !== job.generation);
  if (gone.length === 0) return;
  await dispatcher.started(gone);
  logger.info({ jobs: gone.length }, "released jobs had started or ended unheard");
}

/** Takes jobs that were cancelled or have expired out of their lanes, so that they cost no token: Redis may have been away. */
export async function removeEnded({ database, dispatcher }: SweepDependencies): Promise<void> {
  const ended = await jobsEndedInLane(database, pageSize);
  if (ended.length === 0) return;
  const remove = ended.map((job) => ({
    creatorId: job.creatorId,
    entry: laneEntry(job),
    priority: job.priority,
  }));
  await dispatcher.move({ remove });
  await markLeftLane(database, ended);
}

/** Longer than a sweep may pause: what a route could not tell Redis, which was away, is told here. */
const changedSeconds = 60;

/** A change of plan, override or pause acts on what waits already, though Redis was away when it was made. */
export async function applyChangedTerms({ database, dispatcher }: SweepDependencies): Promise<void> {
  const changed = await changedTerms(database, changedSeconds);
  if (changed.length > 0) await dispatcher.changeTerms(changed);
}
