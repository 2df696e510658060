import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { agents } from "@understudy/agents";
import { groupCommit, openDatabase } from "@understudy/database";
import { connectRedis, openChargesQueue } from "@understudy/queues";
import type { Logger, ParentProcess, RunningService } from "@understudy/service";
import { serveMetrics, watchClock, watchDependencies } from "@understudy/telemetry";
import pLimit from "p-limit";
import { agentWorker, type Pool } from "./agent-worker.ts";
import { startAlerts } from "./alerts/start-alerts.ts";
import { startChargesWorker } from "./charges/charges-worker.ts";
import type { WorkerConfig } from "./config.ts";
import { watchLastHeard } from "./last-heard.ts";
import { openAttempts } from "./open-attempts.ts";
import { startReconciler } from "./reconciler/reconciler.ts";
import { startRetention } from "./retention/start-retention.ts";
import { startSuspectRunner } from "./suspects/suspect-runner.ts";
import { startWebhooks } from "./webhooks/start-webhooks.ts";

const groupMax = 200;

/** How long a worker that was too slow to keep its jobs takes half as many at once. */
const easierMs = 60_000;

/** How long BullMQ may take to hear of what was given back. */
const unheardMs = 1_000;

const lookMs = 50;

/**
 * How long jobs may take to be given back, and paid answers to be written down: two tries where Postgres is
 * away. With it a stop is shorter than the process' own deadline.
 */
const giveBackMs = 7_000;

/**
 * Takes jobs from every agent's queue; one worker of all sees to it that none is left behind.
 * @param parent where this process is one of several: it shows metrics and health
 */
export async function startWorker(
  config: WorkerConfig,
  logger: Logger,
  parent?: ParentProcess,
): Promise<RunningService> {
  // One pool for all agents: nobody gains by spreading jobs over them, and slow ones of one agent hold up no other's
  // release for longer than their creators' share.
  const limit = pLimit(config.concurrency);
  let wakeWebhooks = () => {};
  const attempts = await openAttempts(config, logger, {
    isAlone: false,
    parent,
    freeSlots: () => limit.concurrency - limit.activeCount - limit.pendingCount,
    onEnded: () => wakeWebhooks(),
    onTakenOver: takeLess,
  });
  const { database, producer, dispatcher, ledger, lease, telemetry, metrics } = attempts;
  const consumer = connectRedis(config.redisUrl, "consumer", logger);
  const charges = openChargesQueue(producer);

  let easing: NodeJS.Timeout | undefined;
  function takeLess(): void {
    if (!easing) {
      limit.concurrency = Math.max(1, Math.floor(config.concurrency / 2));
      logger.warn({ concurrency: limit.concurrency }, "this worker takes fewer jobs at once for a while");
    }
    clearTimeout(easing);
    easing = setTimeout(() => {
      easing = undefined;
      limit.concurrency = config.concurrency;
    }, easierMs);
    easing.unref();
  }

  const probe = openDatabase(config.databaseUrl, 1);
  watchDependencies(metrics, { database, probe, redis: producer });
  const clockWatch = watchClock(metrics, database.clock, logger);
  telemetry.showRoom(metrics, { concurrency: config.concurrency, inProgress: () => limit.activeCount });
  const webhooks = startWebhooks({ database, telemetry, logger }, config.webhooks);
  wakeWebhooks = webhooks.wake;
  const pool: Pool = {
    name: lease.workerId,
    size: config.concurrency,
    limit,
    picked: (agent) => telemetry.picked(agent),
    acknowledged: () => telemetry.acknowledged(),
    started: groupCommit(
      groupMax,
      (job: { id: string; generation: number; agent: string }) => job.id,
      async (jobs) => {
        // Best effort: what is not heard here the reconciler finds out.
        await dispatcher.started(jobs).catch(() => {});
        return jobs;
      },
    ),
  };
  const workers = agents.map((agent) => agentWorker(attempts.dependencies, agent, consumer, pool));
  const chargesWorker = startChargesWorker({ database, redis: consumer, logger });
  const suspects = startSuspectRunner({ database, lease, logger });
  const reconciler = startReconciler({
    ...{ database, ledger, dispatcher, charges, redis: producer, lease, telemetry, logger },
  });
  const retention = startRetention({ database, days: config.retentionDays, logger });
  const alerts = startAlerts(config.databaseUrl, config.alerts, logger, config.preferredModel);
  const heard = watchLastHeard(producer, lease);
  parent?.answer("healthy", heard.isHealthy);
  const metricsServer = parent
    ? undefined
    : config.metrics && (await serveMetrics(metrics, config.metrics, heard.isHealthy));

  return {
    details: {
      agents: agents.map((agent) => agent.name).join(","),
      ...(metricsServer && { metricsUrl: metricsServer.url }),
    },
    async stop() {
      const stopped = new AbortController();
      const left = sleep(config.stopSeconds * 1000 + giveBackMs, undefined, { signal: stopped.signal }).then(
        () => logger.warn({ jobs: limit.activeCount }, "stopped with jobs that could not be given back"),
        () => {},
      );
      await Promise.race([stopInOrder(), left]);
      stopped.abort();
    },
  };

  async function stopInOrder(): Promise<void> {
    const { stopping } = attempts.dependencies;
    const leaving = new AbortController();
    // close() has no time limit: past ours, what is under way is aborted and given back.
    const timer = setTimeout(() => {
      attempts.abort();
      // Whoever waits for a slot is given back as well.
      limit.concurrency = Number.POSITIVE_INFINITY;
    }, config.stopSeconds * 1000);
    const closed = async () => {
      await Promise.all([
        ...[reconciler, retention, alerts, heard, suspects, chargesWorker].map((each) => each.stop()),
        ...workers.map((worker) => worker.close()),
      ]);
      // Last, since what has ended now may still be told.
      await webhooks.stop(stopping);
    };
    await Promise.race([closed(), givenBack(stopping, () => limit.activeCount, leaving.signal)]);
    leaving.abort();
    clearTimeout(timer);
    clearTimeout(easing);
    clockWatch.stop();
    await charges.close();
    await metricsServer?.close();
    consumer.disconnect();
    await probe.close();
    await attempts.close();
  }
}

/**
 * Resolves a second after the last attempt of a stopping worker was given back. BullMQ waits for its Redis to
 * hear of that for ever, and need not: the reconciler of another worker finds out.
 */
async function givenBack(
  stopping: AbortSignal,
  activeCount: () => number,
  signal: AbortSignal,
): Promise<void> {
  if (!stopping.aborted) await once(stopping, "abort", { signal }).catch(() => {});
  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {});
  while (activeCount() > 0 && !signal.aborted) await pause(lookMs);
  await pause(unheardMs);
}
