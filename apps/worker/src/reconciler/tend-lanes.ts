import { findAgent } from "@understudy/agents";
import {
  changedTerms,
  type Dispatched,
  dispatchAgain,
  failUnknownAgents,
  jobsEndedInLane,
  liveLeases,
  markLeftLane,
  releasedJobs,
} from "@understudy/jobs";
import { laneEntry, readLaneEntry } from "@understudy/queues";
import { dispatchAndMark } from "./dispatch-due.ts";
import type { ReconcilerDependencies } from "./reconciler-dependencies.ts";

const pageSize = 1_000;

/** What was released so long ago should be in a worker's hands, unless all workers are busy. */
const overdueMs = 5_000;

/** Every process that moves the lanes wakes for the next token by itself; this is for when none has, or has died. */
export async function moveLanes({ dispatcher }: ReconcilerDependencies): Promise<void> {
  await dispatcher.move({});
}

/**
 * Released jobs of which no start was heard. Those that have started or ended make room. Those that wait in their queue go on
 * waiting. The others are lost: their process died before it had added them, or after it had picked them; or an operator has
 * removed them. They are dispatched under a new generation.
 */
export async function findReleased({ database, dispatcher, logger }: ReconcilerDependencies): Promise<void> {
  const overdue = (await dispatcher.lanes.overdue(overdueMs, pageSize)).map(readLaneEntry);
  if (overdue.length === 0) return;
  const waiting = new Set((await releasedJobs(database, overdue)).map((job) => laneEntry(job)));
  const gone = overdue.filter((job) => !waiting.has(laneEntry(job)));
  const alive = await liveLeases(database);
  const lost = await dispatcher.lost(
    overdue.filter((job) => waiting.has(laneEntry(job))),
    (workerId) => alive.has(workerId),
  );
  await dispatcher.lanes.seen(overdue.map(laneEntry));
  await dispatchAndMark(database, dispatcher, await dispatchAgain(database, lost));
  const parked = await park(
    { database, dispatcher },
    overdue.filter((job) => ![...gone, ...lost].includes(job)),
  );
  await dispatcher.started([...gone, ...lost, ...parked]);
  if (gone.length > 0) logger.info({ jobs: gone.length }, "released jobs had started or ended unheard");
  if (parked.length > 0)
    logger.warn({ jobs: parked.length }, "released jobs wait in queues that hand out nothing");
  if (lost.length > 0) logger.warn({ jobs: lost.length }, "released jobs were lost, and are dispatched anew");
}

/** Pause of what was released to a queue that hands out nothing. */
const parkedSeconds = 60;

/** How long jobs wait for an agent that no worker knows: longer than workers are rolled out after the API. */
const unknownAgentSeconds = 3_600;

/**
 * Lets jobs wait in Postgres whose queue hands out nothing, since no worker knows their agent or an operator has paused it: they would
 * keep the place of others among what is released. In the end those of an agent that is gone fail.
 */
async function park<Parked extends Dispatched & { agent: string }>(
  { database, dispatcher }: Pick<ReconcilerDependencies, "database" | "dispatcher">,
  jobs: readonly Parked[],
): Promise<Parked[]> {
  const names = [...new Set(jobs.map(({ agent }) => agent))];
  const handsOut = await Promise.all(names.map((name) => dispatcher.handsOut(name)));
  const silent = new Set(names.filter((_, index) => !handsOut[index]));
  const parked = jobs.filter(({ agent }) => silent.has(agent));
  if (parked.length === 0) return [];
  const unknown = parked.filter(({ agent }) => !findAgent(agent));
  await failUnknownAgents(database, unknown, unknownAgentSeconds);
  await dispatchAgain(database, parked, parkedSeconds);
  return parked;
}

/** Takes jobs that were cancelled or have expired out of their lanes, so that they cost no token: Redis may have been away. */
export async function removeEnded({ database, dispatcher }: ReconcilerDependencies): Promise<void> {
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

/** Longer than the reconciler may pause: what a route could not tell Redis, which was away, is told here. */
const changedSeconds = 60;

/** A change of plan, override or pause acts on what waits already, though Redis was away when it was made. */
export async function applyChangedTerms({ database, dispatcher }: ReconcilerDependencies): Promise<void> {
  const changed = await changedTerms(database, changedSeconds);
  if (changed.length > 0) await dispatcher.changeTerms(changed);
}
