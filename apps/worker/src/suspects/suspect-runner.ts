import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Database } from "@understudy/database";
import { blameJobs, liveLeases, suspects } from "@understudy/jobs";
import type { Logger } from "@understudy/service";
import { repeat } from "../repeat.ts";
import { settledSeconds, type WorkerLease } from "../worker-lease.ts";
import { suspectsArgument } from "./suspects-argument.ts";

/** Each takes the memory of a worker. */
const processesMax = 2;

const lookMs = 1_000;

/** No other is begun so long after one that has died. */
const afterDeathMs = 5_000;

/** A process says four times in it that it lives; longer than its lease, so that it has had every chance. */
const silentMs = 8_000;

/** How long one that is told to stop may take to give its job back. */
const stopMsMax = 5_000;

interface SuspectRunnerDependencies {
  database: Database;
  /** Of this process: it tells how long all who live could have told Postgres so. */
  lease: Pick<WorkerLease, "heldSeconds">;
  logger: Logger;
}

/** A process of suspects; the name of its lease, once it is ready. */
interface Running {
  child: ChildProcess;
  workerId: string | undefined;
  /** When it last said that it comes back to its event loop. */
  heardAt: number;
  /** It is told to end, so that its end says nothing of its job. */
  isToldToStop: boolean;
}

/**
 * Runs suspects, jobs that ran in two crashes, in processes of their own. Only there a crash is blamed on one: when this process,
 * which lives, has seen that one die, or that it never came back from its job.
 */
export function startSuspectRunner({ database, lease, logger }: SuspectRunnerDependencies): {
  stop(): Promise<void>;
} {
  const [, program = ""] = process.argv;
  const running = new Set<Running>();
  let diedAt = Number.NEGATIVE_INFINITY;

  function begin(): void {
    const child = fork(program, [suspectsArgument], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const one: Running = { child, workerId: undefined, heardAt: performance.now(), isToldToStop: false };
    running.add(one);
    child.on("message", (message) => {
      one.heardAt = performance.now();
      one.workerId = (message as { ready?: { workerId?: string } }).ready?.workerId ?? one.workerId;
    });
    child.once("error", (err) => end(one, { err }));
    child.once("exit", (code, signal) => end(one, { code, signal }));
  }

  /** Once, when it has ended or could not begin. */
  function end(one: Running, how: { err?: Error; code?: number | null; signal?: string | null }): void {
    if (!running.delete(one) || how.code === 0 || one.isToldToStop) return;
    diedAt = performance.now();
    logger.warn(how, "a process for suspects has died");
    if (one.workerId !== undefined) void blame(one.workerId);
  }

  async function blame(workerId: string): Promise<void> {
    try {
      for (const jobId of await blameJobs(database, workerId)) {
        logger.error({ jobId }, "a job has killed the process that it ran in alone");
      }
    } catch (err) {
      // It is taken over, and has another chance.
      logger.warn({ err, workerId }, "nobody could be blamed for a dead process");
    }
  }

  /** Kills those that never came back from their job: a loop without end tells neither Postgres nor us that it lives. */
  async function reap(): Promise<void> {
    if (running.size === 0 || lease.heldSeconds() < settledSeconds) return;
    const live = await liveLeases(database);
    for (const { child, workerId, heardAt } of running) {
      const isSilent = performance.now() - heardAt > silentMs;
      if (workerId !== undefined && !live.has(workerId) && isSilent) child.kill("SIGKILL");
    }
  }

  const looking = repeat(async () => {
    try {
      await reap();
      const waiting = (await suspects(database, processesMax)).length;
      const mayBegin = performance.now() - diedAt > afterDeathMs;
      while (mayBegin && running.size < Math.min(waiting, processesMax)) begin();
    } catch (err) {
      logger.warn({ err }, "could not look for suspects, and will again");
    }
    return { pauseMs: lookMs };
  });

  return {
    async stop() {
      await looking.stop();
      await Promise.all(
        [...running].map(async (one) => {
          one.isToldToStop = true;
          const exited = once(one.child, "exit");
          one.child.kill("SIGTERM");
          const killing = setTimeout(() => one.child.kill("SIGKILL"), stopMsMax);
          await exited;
          clearTimeout(killing);
        }),
      );
    },
  };
}
