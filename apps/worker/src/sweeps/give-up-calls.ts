import type { SweepDependencies } from "./sweep-dependencies.ts";

const atOnce = 1_000;

/** Calls whose answer was lost become unknown: their hold still counts, until an operator settles them. */
export async function giveUpCalls({ ledger, telemetry, logger }: SweepDependencies): Promise<void> {
  for (const call of await ledger.giveUpCalls(atOnce)) {
    telemetry.metrics.lostAnswers.inc();
    logger.warn(
      { callId: call.id, creatorId: call.creatorId, boundUsd: call.holdUsd },
      "a call's answer was lost",
    );
  }
}
