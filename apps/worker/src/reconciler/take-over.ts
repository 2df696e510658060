import { takeOverJobs } from "@understudy/jobs";
import { settledSeconds } from "../worker-lease.ts";
import type { ReconcilerDependencies } from "./reconciler-dependencies.ts";

const atOnce = 1_000;

/**
 * How long past its deadline an attempt of a worker that lives may still be writing down what it paid for: an answer, then an end,
 * each of which Postgres may refuse for a minute before that counts.
 */
const endingSeconds = 300;

/** Jobs of dead workers run again; those that ran in two crashes alone. */
export async function takeOver({ database, lease, logger }: ReconcilerDependencies): Promise<void> {
  const taken = await takeOverJobs(database, endingSeconds, atOnce, { by: lease.workerId, settledSeconds });
  if (taken.length === 0) return;
  const workers = [...new Set(taken.map(({ workerId }) => workerId))];
  logger.warn({ jobs: taken.length, workers }, "a worker is dead: its jobs run again");
  for (const { id } of taken.filter(({ isBlamed }) => isBlamed)) {
    logger.error({ jobId: id }, "a job has run in ten crashes in a row, and is run no more");
  }
}
