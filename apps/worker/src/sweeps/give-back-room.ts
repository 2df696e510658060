import type { SweepDependencies } from "./sweep-dependencies.ts";

const atOnce = 1_000;

/** What jobs held for calls that they did not make, when they ended or their worker died before it could give it back. */
export async function releaseJobHolds({ ledger, logger }: SweepDependencies): Promise<void> {
  const released = await ledger.releaseJobHolds(atOnce);
  if (released.length > 0) logger.info({ jobs: released.length }, "gave back what ended jobs still held");
}
