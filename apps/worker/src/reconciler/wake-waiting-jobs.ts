import { dispatchAndMark } from "./dispatch-due.ts";
import type { ReconcilerDependencies } from "./reconciler-dependencies.ts";

/** Of one creator, at once. */
const atOnce = 100;

/**
 * Lets jobs go on that wait for room: of those creators, or of all. Whoever gives room back calls this for its
 * creator; the reconciler finds room that came otherwise (a new month, a higher quota, the switch), or unheard.
 */
export async function wakeWaitingJobs(
  {
    ledger,
    database,
    dispatcher,
    logger,
  }: Pick<ReconcilerDependencies, "ledger" | "database" | "dispatcher" | "logger">,
  creatorIds?: string[],
): Promise<void> {
  const jobs = await ledger.wakeWaitingJobs(atOnce, creatorIds);
  if (jobs.length === 0) return;
  logger.info({ jobs: jobs.length }, "there is room: jobs that waited for it go on");
  await dispatchAndMark(database, dispatcher, jobs);
}
