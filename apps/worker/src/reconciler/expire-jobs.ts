import { newId } from "@understudy/database";
import { expireQueuedJobs } from "@understudy/jobs";
import type { ReconcilerDependencies } from "./reconciler-dependencies.ts";

const atOnce = 100;

/** Ends jobs that had not started by their `expiresAt`; a later step takes them out of their lanes. */
export async function expireJobs({ database, logger }: ReconcilerDependencies): Promise<void> {
  const eventIds = Array.from({ length: atOnce }, () => newId("evt"));
  const expired = await expireQueuedJobs(database, eventIds);
  if (expired.length === 0) return;
  logger.info({ jobs: expired.length }, "jobs expired before they could start");
}
