import { setMaxListeners } from "node:events";
import { type Agent, agents } from "@understudy/agents";
import { claimJobs, finishJobs, groupCommit, openDatabase } from "@understudy/database";
import { GeminiClient, ModelGate } from "@understudy/gemini";
import { Ledger } from "@understudy/ledger";
import {
  agentQueue,
  announceJobEnd,
  connectRedis,
  Dispatcher,
  JobCancellations,
  type JobPayload,
  JobStreams,
  jobPayload,
  openChargesQueue,
} from "@understudy/queues";
import type { Logger, RunningService } from "@understudy/service";
import {
  ServiceMetrics,
  serveMetrics,
  startTracing,
  WorkerTelemetry,
  watchDependencies,
} from "@understudy/telemetry";
import { DelayedError, type Job, UnrecoverableError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import pLimit, { type LimitFunction } from "p-limit";
import { startAlerts } from "./alerts/start-alerts.ts";
import { startCancelWatch } from "./cancel-watch.ts";
import { startChargesWorker } from "./charges/charges-worker.ts";
import type { WorkerConfig } from "./config.ts";
import { openKnowledgeStore } from "./knowledge/knowledge-store.ts";
import { runAgentJob, type WorkerDependencies } from "./run-agent-job.ts";
import { startRetention } from "./sweeps/retention.ts";
import { startSweeper } from "./sweeps/sweeper.ts";
import { wakeWaitingJobs } from "./sweeps/wake-waiting-jobs.ts";
import { startWebhooks } from "./webhooks/start-webhooks.ts";

const databaseConnectionsMax = 10;
const groupMax = 200;

/** A worker killed by -9 is noticed, and its jobs run again, within the two together. */
const lockMs = 10_000;
const stalledCheckMs = 5_000;

/** Postgres counts crashes, so BullMQ never gives a stalled job up by itself. */
const stalledCountMax = 1_000_000;

/** Takes jobs from every agent's queue, and sweeps up what was left behind. */
export async function startWorker(config: WorkerConfig, logger: Logger): Promise<RunningService> {
  const database = openDatabase(config.databaseUrl, databaseConnectionsMax);
  const producer = connectRedis(config.redisUrl, "producer");
  const consumer = connectRedis(config.redisUrl, "consumer");
  // One pool for all agents: nobody gains by spreading jobs over them, and slow ones of one agent hold up no other's
  // release for longer than their creators' share.
  const limit = pLimit(config.concurrency);
  const freeSlots = () => config.concurrency - limit.activeCount - limit.pendingCount;
  const dispatcher = new Dispatcher(producer, freeSlots);
  const charges = openChargesQueue(producer);
  const streams = new JobStreams(producer);
  const gemini = new GeminiClient(config.gemini);
  const modelGate = new ModelGate({
    redis: producer,
    limits: config.modelLimits,
    onChange: (change) => logger.warn(change, "a model's calls are held back, or go on"),
  });
  // What a creator's settled calls give back while others of theirs are woken makes the next round.
  const wakeCreator = groupCommit(
    groupMax,
    (creatorId: string) => creatorId,
    async (creatorIds) => {
      await wakeWaitingJobs({ database, ledger, dispatcher, logger }, creatorIds);
      return creatorIds;
    },
  );
  const ledger: Ledger = new Ledger(database, {
    platformQuotaUsd: config.platformQuotaUsd,
    onRoom: (creatorId) =>
      void wakeCreator(creatorId).catch((err: unknown) =>
        logger.warn({ err, creatorId }, "left to the sweeper: jobs that wait for room"),
      ),
  });
  // Those that end together are told of together.
  const announceEnd = groupCommit(
    groupMax,
    (jobId: string) => jobId,
    async (jobIds) => {
      await announceJobEnd(producer, ...jobIds);
      return jobIds;
    },
  );
  const stopping = new AbortController();
  // Every job under way listens.
  setMaxListeners(0, stopping.signal);

  const metrics = new ServiceMetrics("worker");
  const tracer = await startTracing(config.tracing, "worker", (reason) =>
    logger.warn({ reason }, "traces are not taken"),
  );
  const telemetry = new WorkerTelemetry(metrics, tracer);
  const probe = openDatabase(config.databaseUrl, 1);
  watchDependencies(metrics, { database, probe, redis: producer });
  telemetry.showRoom(metrics, { concurrency: config.concurrency, inProgress: () => limit.activeCount });
  const webhooks = startWebhooks({ database, producer, consumer, telemetry, logger }, config.webhooks);
  const cancellations = new JobCancellations(connectRedis(config.redisUrl, "consumer"));
  const cancelWatch = startCancelWatch({ database, cancellations, logger });
  const dependencies: WorkerDependencies = {
    database,
    claim: groupCommit(
      groupMax,
      (claim) => claim.id,
      (claims) => claimJobs(database, claims),
    ),
    finish: groupCommit(
      groupMax,
      (end) => end.id,
      async (ends) => {
        const ended = await finishJobs(database, ends);
        webhooks.wake();
        const holders = ended.flatMap((job) => (job?.holdsRoom ? [job.id] : []));
        // Not waited for: what is left, the sweeper gives back.
        if (holders.length > 0) ledger.releaseJobHolds(holders.length, holders).catch(() => {});
        return ended.map((job) => job !== undefined);
      },
    ),
    knowledge: openKnowledgeStore(database),
    ledger,
    gemini,
    modelGate,
    defaultModel: config.defaultModel,
    attemptSeconds: config.attemptSeconds,
    streamOf: (jobId, attempt) => streams.writer(jobId, attempt),
    watchCancel: cancelWatch.watch,
    announceEnd: (jobId) => void announceEnd(jobId).catch(() => {}),
    stopping: stopping.signal,
    telemetry,
    logger,
  };
  const pool: Pool = {
    size: config.concurrency,
    limit,
    picked: (agent) => telemetry.picked(agent),
    started: groupCommit(
      groupMax,
      (job: { id: string; generation: number; agent: string }) => job.id,
      async (jobs) => {
        // Best effort: what is not heard here the sweeper finds out.
        await dispatcher.started(jobs).catch(() => {});
        return jobs;
      },
    ),
  };
  const workers = agents.map((agent) => agentWorker(dependencies, agent, consumer, pool));
  const chargesWorker = startChargesWorker({ database, redis: consumer, logger });
  const sweeper = startSweeper({ database, ledger, dispatcher, charges, redis: producer, telemetry, logger });
  const retention = startRetention({ database, days: config.retentionDays, logger });
  const alerts = startAlerts(config.databaseUrl, config.alerts, logger);
  const metricsServer = config.metrics && (await serveMetrics(metrics, config.metrics));

  return {
    details: {
      agents: agents.map((agent) => agent.name).join(","),
      ...(metricsServer && { metricsUrl: metricsServer.url }),
    },
    async stop() {
      await Promise.all([sweeper.stop(), retention.stop(), alerts.stop()]);
      // close() has no time limit: past ours, what is under way is aborted and given back to its queue.
      const timer = setTimeout(() => stopping.abort(), config.stopSeconds * 1000);
      await Promise.all([chargesWorker.stop(), ...workers.map((worker) => worker.close())]);
      await cancelWatch.stop();
      cancellations.close();
      // Last, since what has ended now may still be told.
      await webhooks.stop(stopping.signal);
      clearTimeout(timer);
      await dispatcher.close();
      await charges.close();
      modelGate.close();
      await Promise.all([metricsServer?.close(), tracer?.close()]);
      producer.disconnect();
      consumer.disconnect();
      await gemini.close();
      await probe.close();
      await database.close();
    },
  };
}

/** What all agents' workers of this process share. */
interface Pool {
  /** Jobs at once. */
  size: number;
  limit: LimitFunction;
  picked: (agent: string) => void;
  /** Makes room for the release of others. */
  started: (job: { id: string; generation: number; agent: string }) => Promise<unknown>;
}

function agentWorker(
  dependencies: WorkerDependencies,
  agent: Agent,
  connection: Redis,
  { size, limit, picked, started }: Pool,
): Worker<JobPayload> {
  const { name, prefix } = agentQueue(agent.name);
  const process = async (delivery: Job<JobPayload>, token?: string) => {
    picked(agent.name);
    const payload = jobPayload.safeParse(delivery.data);
    if (!payload.success) throw new UnrecoverableError("The payload is not one of ours.");
    const isLast = delivery.attemptsMade + 1 >= (delivery.opts.attempts ?? 1);
    const { jobId: id, generation } = payload.data;
    const end = await limit(() => {
      void started({ id, generation, agent: agent.name });
      return runAgentJob(dependencies, agent, { ...payload.data, isLast });
    });
    switch (end.kind) {
      case "done":
        return;
      case "failed":
        throw new UnrecoverableError(end.reason);
      case "try_again":
        throw new Error(end.reason);
      case "put_off":
        await delivery.moveToDelayed(Date.now() + end.delayMs, token);
        throw new DelayedError();
    }
  };
  const worker = new Worker<JobPayload>(name, process, {
    connection,
    prefix,
    concurrency: size,
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    maxStalledCount: stalledCountMax,
    skipVersionCheck: true,
  });
  worker.on("error", (err) =>
    dependencies.logger.warn({ err, queue: name }, "the queue's connection has a fault"),
  );
  return worker;
}
