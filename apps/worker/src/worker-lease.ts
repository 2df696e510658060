import { type Database, newId } from "@understudy/database";
import { endLease, holdLease } from "@understudy/jobs";
import type { Logger } from "@understudy/service";
import { repeat } from "./repeat.ts";

/** A worker that is dead is noticed within the first and the reconciler's pause; several beats may fail before that. */
const leaseSeconds = 8;
const beatMs = 2_000;
const failedBeatMs = 500;

/** A beat that is later than this may have been preceded by an end of the lease. */
const lateBeatMs = 6_000;

/** After an outage of Postgres all workers that live have renewed their leases within it. */
export const settledSeconds = 7;

/** Says in Postgres that this process lives: as long as it does, its running jobs are its own. */
export interface WorkerLease {
  readonly workerId: string;
  /** Whether the last beat was heard in time: else others may take for dead what is begun now. */
  isHeld(): boolean;
  /** Since when all beats were heard in time, as this process and Postgres both know; 0 while they are not. */
  heldSeconds(): number;
  /** Gives it up. To be called when nothing runs any more. */
  stop(): Promise<void>;
}

interface WorkerLeaseDependencies {
  /** Of this alone, with short time-outs: a beat waits behind nothing. */
  database: Database;
  logger: Logger;
  /** It had ended before it was renewed: others may have taken this process' jobs over. */
  onLapse: () => void;
}

/** @returns when it is held for the first time: a worker without Postgres is not ready */
export async function holdWorkerLease({
  database,
  logger,
  onLapse,
}: WorkerLeaseDependencies): Promise<WorkerLease> {
  const workerId = newId("worker");
  const own = { name: workerId, holder: workerId };
  /** When the last beat was heard, and what it told. */
  let heard: { at: number; heldSeconds: number } | undefined;
  /** When beats were last not heard in time. */
  let disturbedAt = Number.NEGATIVE_INFINITY;
  let isSilent = false;
  let onFirst = () => {};
  const first = new Promise<void>((resolve) => {
    onFirst = resolve;
  });
  const isHeld = () => heard !== undefined && performance.now() - heard.at < lateBeatMs;

  const beating = repeat(async () => {
    try {
      const heldSeconds = (await holdLease(database, own, leaseSeconds)) ?? 0;
      if (heard && heldSeconds < heard.heldSeconds && !isSilent) {
        logger.warn("this worker was silent for so long that others may have taken its jobs over");
        onLapse();
      }
      if (isSilent || !isHeld()) disturbedAt = performance.now();
      isSilent = false;
      heard = { at: performance.now(), heldSeconds };
      onFirst();
      return { pauseMs: beatMs };
    } catch (err) {
      if (!isSilent) logger.warn({ err }, "Postgres does not hear that this worker lives");
      isSilent = true;
      return { pauseMs: failedBeatMs };
    }
  });
  await first;

  return {
    workerId,
    isHeld: () => isHeld() && !isSilent,
    heldSeconds() {
      if (!heard || !isHeld() || isSilent) return 0;
      const sinceHeardSeconds = (performance.now() - heard.at) / 1_000;
      return Math.min(heard.heldSeconds + sinceHeardSeconds, (performance.now() - disturbedAt) / 1_000);
    },
    async stop() {
      await beating.stop();
      await endLease(database, own).catch(() => {});
    },
  };
}
