import { suspects } from "@understudy/jobs";
import type { Logger, RunningService } from "@understudy/service";
import type { WorkerConfig } from "../config.ts";
import { openAttempts } from "../open-attempts.ts";
import { repeat } from "../repeat.ts";
import { runAgentJob } from "../run-agent-job.ts";

/** How many may be chosen by others at the same time. */
const choiceMax = 10;

const pauseMs = { afterOne: 0, afterFault: 1_000 };

/** Tells the parent that this process comes back to its event loop. */
const aliveMs = 2_000;

/**
 * Runs suspects, one after the other, with nothing beside them.
 * @param onNoneLeft there are no more: this process may end
 */
export async function startSuspects(
  config: WorkerConfig,
  logger: Logger,
  onNoneLeft: () => void,
): Promise<RunningService> {
  const attempts = await openAttempts(config, logger, { isAlone: true });
  const { database, dependencies } = attempts;
  const living = setInterval(() => process.send?.({ lives: true }), aliveMs);

  const running = repeat(async (stopping) => {
    try {
      const waiting = await suspects(database, choiceMax);
      if (waiting.length === 0) onNoneLeft();
      for (const { id: jobId, generation, agent } of waiting) {
        if (stopping.aborted) break;
        // Whoever claims it first has it.
        await runAgentJob(dependencies, { jobId, generation, agent });
      }
      return { pauseMs: waiting.length === 0 ? pauseMs.afterFault : pauseMs.afterOne };
    } catch (err) {
      logger.warn({ err }, "a suspect could not be run, and will be");
      return { pauseMs: pauseMs.afterFault };
    }
  });

  return {
    details: { workerId: attempts.lease.workerId },
    async stop() {
      attempts.abort();
      await running.stop();
      clearInterval(living);
      await attempts.close();
    },
  };
}
