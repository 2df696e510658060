import { endLease, holdLease } from "@understudy/jobs";
import { repeat } from "../repeat.ts";
import { dispatchUndispatched, findAbsent, hurryTicks, refillRedis } from "./dispatch-due.ts";
import { expireJobs } from "./expire-jobs.ts";
import type { ReconcilerDependencies } from "./reconciler-dependencies.ts";
import { giveBackHolds, giveUpCalls } from "./settle-accounts.ts";
import { takeOver } from "./take-over.ts";
import { applyChangedTerms, findReleased, moveLanes, removeEnded } from "./tend-lanes.ts";
import { wakeWaitingJobs } from "./wake-waiting-jobs.ts";

/**
 * Sees to it that each job which has not ended stands in one place that will run it: with a worker that lives, in a process of
 * its own, in its lane or queue, or at a time in Postgres. Then, that nothing is held for what is over. What Postgres alone is asked
 * for waits for nothing that Redis is.
 */
const rounds = {
  reconciler: { takeOver, expireJobs, giveUpCalls, giveBackHolds },
  "reconciler-redis": {
    refillRedis,
    dispatchUndispatched,
    findAbsent,
    moveLanes,
    findReleased,
    removeEnded,
    applyChangedTerms,
    wakeWaitingJobs,
    hurryTicks,
  },
};

const pauseMs = 1_000;

/** A worker in which a step has failed lets others have a try: it may be its own connection that is at fault. */
const afterFaultMs = 3_000;

/** Each round is taken by the one worker that holds its lease; another does when that is dead so long. */
const leaseSeconds = 5;

/** After that it is renewed before the next step: what is left of it is longer than steps take. */
const renewMs = 1_000;

/** Takes all steps again and again, in one worker of all. A step that fails is tried again the next time. */
export function startReconciler(dependencies: ReconcilerDependencies): { stop(): Promise<void> } {
  const running = Object.entries(rounds).map(([name, steps]) => startRounds(dependencies, name, steps));
  return {
    async stop() {
      await Promise.all(running.map((round) => round.stop()));
    },
  };
}

type Step = (dependencies: ReconcilerDependencies) => Promise<void>;

function startRounds(
  dependencies: ReconcilerDependencies,
  name: string,
  steps: Record<string, Step>,
): { stop(): Promise<void> } {
  const { database, lease, telemetry, logger } = dependencies;
  const own = { name, holder: lease.workerId };
  let renewedAt = Number.NEGATIVE_INFINITY;

  async function isElected(): Promise<boolean> {
    const askedAt = performance.now();
    if (askedAt - renewedAt < renewMs) return true;
    // Where Postgres is away nobody has it, and each step would say so.
    const heldSeconds = await holdLease(database, own, leaseSeconds).catch(() => undefined);
    renewedAt = heldSeconds === undefined ? Number.NEGATIVE_INFINITY : askedAt;
    return heldSeconds !== undefined;
  }

  async function giveUp(): Promise<void> {
    renewedAt = Number.NEGATIVE_INFINITY;
    await endLease(database, own).catch(() => {});
  }

  const running = repeat(async (stopping) => {
    let hasFailed = false;
    for (const [step, run] of Object.entries(steps)) {
      if (stopping.aborted || !(await isElected())) break;
      await run(dependencies).catch((err: unknown) => {
        hasFailed = true;
        telemetry.metrics.sweepFailures.inc({ sweep: step });
        logger.warn({ err, step }, "a step of the reconciler failed and will be tried again");
      });
    }
    if (!hasFailed) return { pauseMs };
    await giveUp();
    return { pauseMs: afterFaultMs };
  });

  return {
    async stop() {
      await running.stop();
      await giveUp();
    },
  };
}
