import { renewPlans as renew } from "@understudy/jobs";
import type { ReconcilerDependencies } from "./reconciler-dependencies.ts";

/** Plans from when little was to do read all jobs that wait, for each that is claimed: in a burst they are made anew. */
export async function renewPlans({ database, logger }: ReconcilerDependencies): Promise<void> {
  if (await renew(database)) logger.info("far more jobs wait: statements are planned anew");
}
