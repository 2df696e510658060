import { expireQueuedJobs, newId } from "@understudy/database";
import { laneEntry } from "@understudy/queues";
import type { SweepDependencies } from "./sweep-dependencies.ts";

const atOnce = 100;

/** Ends jobs that had not started by their `expiresAt`, and takes them out of their lanes: they cost no token. */
export async function expireJobs({ database, dispatcher, logger }: SweepDependencies): Promise<void> {
  const eventIds = Array.from({ length: atOnce }, () => newId("evt"));
  const expired = await expireQueuedJobs(database, eventIds);
  if (expired.length === 0) return;
  logger.info({ jobs: expired.length }, "jobs expired before they could start");
  // Should Redis be away, they leave when their turn comes: they can't be run any more.
  const remove = expired.map((job) => ({
    creatorId: job.creatorId,
    entry: laneEntry(job),
    priority: job.priority,
  }));
  await dispatcher.move({ remove }).catch(() => {});
}
