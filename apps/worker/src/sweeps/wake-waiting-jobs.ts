import { dispatchAndMark } from "./redispatch.ts";
import type { SweepDependencies } from "./sweep-dependencies.ts";

/** Of one creator, at once. */
const atOnce = 100;

/**
 * Lets jobs go on that wait for room: of those creators, or of all. Whoever gives room back calls this for its
 * creator; the sweep finds room that came otherwise (a new month, a higher quota, the switch), or unheard.
 */
export async function wakeWaitingJobs(
  { ledger, database, dispatcher, logger }: Omit<SweepDependencies, "redis" | "charges" | "telemetry">,
  creatorIds?: string[],
): Promise<void> {
  const jobs = await ledger.wakeWaitingJobs(atOnce, creatorIds);
  if (jobs.length === 0) return;
  logger.info({ jobs: jobs.length }, "there is room: jobs that waited for it go on");
  await dispatchAndMark(database, dispatcher, jobs);
}
