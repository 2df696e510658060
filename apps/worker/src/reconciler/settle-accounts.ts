import type { ReconcilerDependencies } from "./reconciler-dependencies.ts";

const atOnce = 1_000;

/** Calls whose answer was lost become unknown: their hold still counts, until an operator settles them. */
export async function giveUpCalls({ ledger, telemetry, logger }: ReconcilerDependencies): Promise<void> {
  for (const call of await ledger.giveUpCalls(atOnce)) {
    telemetry.metrics.lostAnswers.inc();
    logger.warn(
      { callId: call.id, creatorId: call.creatorId, boundUsd: call.holdUsd },
      "a call's answer was lost",
    );
  }
}

/** What jobs held for calls that they did not make, when they ended or their worker died before it could give it back. */
export async function giveBackHolds({ ledger, logger }: ReconcilerDependencies): Promise<void> {
  const released = await ledger.releaseJobHolds(atOnce);
  if (released.length > 0) logger.info({ jobs: released.length }, "gave back what ended jobs still held");
}
