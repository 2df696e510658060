import { repeat } from "../repeat.ts";
import { expireJobs } from "./expire-jobs.ts";
import { releaseJobHolds } from "./give-back-room.ts";
import { giveUpCalls } from "./give-up-calls.ts";
import { addReleasedAgain, applyChangedTerms, moveLanes, removeEnded } from "./move-lanes.ts";
import { addRetriesAgain, dispatchLeftBehind, dispatchUndispatched, refillRedis } from "./redispatch.ts";
import { scheduleCharges } from "./schedule-charges.ts";
import type { SweepDependencies } from "./sweep-dependencies.ts";
import { wakeWaitingJobs } from "./wake-waiting-jobs.ts";

/** Each makes true again what a crash somewhere has left untrue. All may run in several workers at once. */
const sweeps = {
  dispatchUndispatched,
  refillRedis,
  moveLanes,
  addReleasedAgain,
  applyChangedTerms,
  dispatchLeftBehind,
  addRetriesAgain,
  expireJobs,
  removeEnded,
  giveUpCalls,
  releaseJobHolds,
  wakeWaitingJobs,
  scheduleCharges,
};

const pauseMs = 1_000;

/** Runs every sweep, one after another, again and again. A sweep that fails is tried again the next time. */
export function startSweeper(dependencies: SweepDependencies): { stop(): Promise<void> } {
  return repeat(async (stopping) => {
    for (const [sweep, sweepOnce] of Object.entries(sweeps)) {
      if (stopping.aborted) break;
      await sweepOnce(dependencies).catch((err: unknown) => {
        dependencies.telemetry.metrics.sweepFailures.inc({ sweep });
        dependencies.logger.warn({ err, sweep }, "a sweep failed and will be tried again");
      });
    }
    return { pauseMs };
  });
}
