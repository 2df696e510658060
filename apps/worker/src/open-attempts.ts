import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { expectedCalls } from "@understudy/agents";
import type { AlertFacts } from "@understudy/contracts";
import { groupCommit, jobLinger, openDatabase, requireUtc } from "@understudy/database";
import { GeminiClient, ModelGate } from "@understudy/gemini";
import { claimJobs, putOffJob } from "@understudy/jobs";
import { type Candidate, Ledger, raiseAlert } from "@understudy/ledger";
import { ModelRegistry, requireModels } from "@understudy/models";
import {
  announceJobEnd,
  connectRedis,
  Dispatcher,
  JobCancellations,
  JobReaders,
  JobStreams,
} from "@understudy/queues";
import type { Logger, ParentProcess } from "@understudy/service";
import { ServiceMetrics, startTracing, WorkerTelemetry } from "@understudy/telemetry";
import type { Redis } from "ioredis";
import { startAttemptWatch } from "./attempt-watch.ts";
import type { WorkerConfig } from "./config.ts";
import { openKnowledgeStore } from "./knowledge/knowledge-store.ts";
import { DueDispatch } from "./reconciler/dispatch-due.ts";
import { wakeWaitingJobs } from "./reconciler/wake-waiting-jobs.ts";
import type { WorkerDependencies } from "./run-agent-job.ts";
import { holdWorkerLease } from "./worker-lease.ts";

const databaseConnectionsMax = 10;
const groupMax = 200;

/** Jobs of one claim that are given what they begin with: a search takes Postgres up to a millisecond, and all wait for it. */
const firstReadsMax = 50;

/** A beat that hangs must not outlast the lease. */
const beatTimeoutMs = 2_000;

export interface AttemptsOptions {
  /** Nothing else runs in this process. */
  isAlone: boolean;
  /** Where this process is one of several workers. */
  parent?: ParentProcess | undefined;
  /** How many more jobs this process could run now. */
  freeSlots?: () => number;
  /** Jobs have ended, and their events stand in the outbox. */
  onEnded?: () => void;
  /** Others may have taken jobs of this process over, since it was silent for too long. */
  onTakenOver?: () => void;
}

/** Opens what attempts of jobs need: connections, the ledger, the model, and the lease by which their jobs are this process'. */
export async function openAttempts(
  config: WorkerConfig,
  logger: Logger,
  { isAlone, parent, freeSlots, onEnded = () => {}, onTakenOver = () => {} }: AttemptsOptions,
) {
  const database = openDatabase(config.databaseUrl, databaseConnectionsMax);
  const producer = connectRedis(config.redisUrl, "producer", logger);
  const dispatcher = new Dispatcher(producer, expectedCalls, freeSlots);
  const due = new DueDispatch({ database, dispatcher });
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
        logger.warn({ err, creatorId }, "left to the reconciler: jobs that wait for room"),
      ),
  });
  const project = {
    provider: "gemini",
    project: projectOf(config.gemini),
    apiVersion: config.gemini.apiVersion,
  };
  const registry = new ModelRegistry(database, ledger.prices, { preferred: config.preferredModel, project });
  /** Not waited for: the job does not depend on it. */
  function alertOperators(facts: AlertFacts, key: string): void {
    raiseAlert(database, facts, key).catch((err: unknown) =>
      logger.warn({ err, type: facts.type, key }, "an alert could not be raised"),
    );
  }
  function tellUnavailable(model: string, next: Candidate | undefined, gone: Candidate): void {
    const ratio = next?.prices[0].outputUsd.div(gone.prices[0].outputUsd).toSignificantDigits(3).toFixed();
    const data = {
      model,
      apiVersion: project.apiVersion,
      next: next?.prices[0].model ?? null,
      priceRatio: ratio ?? null,
    };
    logger.warn(data, "the provider does not have a model");
    const day = database.clock.now().toISOString().slice(0, 10);
    const key = [project.project, project.apiVersion, model, day].join(":");
    alertOperators({ type: "model_unavailable", creatorId: null, data }, key);
  }
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
  const metrics = new ServiceMetrics("worker", parent);
  const tracer = await startTracing(config.tracing, "worker", database.clock, (reason) =>
    logger.warn({ reason }, "traces are not taken"),
  );
  const telemetry = new WorkerTelemetry(metrics, tracer);
  const heard = connectRedis(config.redisUrl, "consumer", logger);
  const cancellations = new JobCancellations(heard);
  const readers = new JobReaders(heard, producer);
  const beats = openDatabase(config.databaseUrl, 1, { queryTimeoutMs: beatTimeoutMs });
  const lease = await holdWorkerLease({ database: beats, logger, onLapse: onTakenOver });
  const watch = startAttemptWatch({ database, cancellations, workerId: lease.workerId, onTakenOver, logger });

  await requireUtc(database);
  await requireModels(registry);
  await untilReady(producer);

  const dependencies: WorkerDependencies = {
    database,
    mayClaim: () => lease.isHeld(),
    claim: groupCommit(
      groupMax,
      (claim) => claim.id,
      (claims) =>
        claimJobs(
          database,
          claims.map(({ reads, ...claim }, place) => ({
            ...{ ...claim, workerId: lease.workerId, isAlone },
            ...(place < firstReadsMax && { reads }),
          })),
        ),
      jobLinger,
    ),
    async finish(end) {
      const isOwn = await ledger.endJob(end);
      onEnded();
      return isOwn;
    },
    writeKept: (attempt) => ledger.writeKept(attempt),
    async putOff(putOff) {
      const isOwn = await putOffJob(database, putOff);
      if (isOwn && "delayMs" in putOff) due.wakeIn(putOff.delayMs);
      return isOwn;
    },
    knowledge: openKnowledgeStore(database),
    ledger,
    gemini,
    modelGate,
    registry,
    onUnavailable: tellUnavailable,
    attemptSeconds: config.attemptSeconds,
    streamOf: (jobId, attempt) => readers.tellBy(jobId, streams.writer(jobId, attempt)),
    watchAttempt: watch.watch,
    holdJob(jobId) {
      const letGo = watch.hold(jobId);
      return () => {
        // Until the job's end is written, readers may come.
        readers.letGo(jobId);
        letGo();
      };
    },
    announceEnd: (jobId) => void announceEnd(jobId).catch(() => {}),
    onNotStorable: ({ id: jobId, creatorId }, sqlState) =>
      alertOperators({ type: "not_storable", creatorId, data: { jobId, sqlState } }, jobId),
    stopping: stopping.signal,
    telemetry,
    logger,
  };

  return {
    dependencies,
    database,
    producer,
    dispatcher,
    ledger,
    lease,
    metrics,
    telemetry,
    /** Ends attempts under way at once: their jobs are given back. */
    abort: () => stopping.abort(),
    /** Closes all. To be called when no attempt is under way. */
    async close() {
      await ledger.close();
      await watch.stop();
      readers.close();
      cancellations.close();
      due.stop();
      await lease.stop();
      await dispatcher.close();
      modelGate.close();
      await tracer?.close();
      producer.disconnect();
      await gemini.close();
      await Promise.all([beats.close(), database.close()]);
    },
  };
}

/** A worker without Redis is not ready. */
async function untilReady(redis: Redis): Promise<void> {
  if (redis.status === "ready") return;
  await new Promise<void>((resolve) => {
    redis.once("ready", () => resolve());
  });
}

/** Names a key and an address without telling either. */
function projectOf({ apiKey, baseUrl = "" }: WorkerConfig["gemini"]): string {
  return createHash("sha256").update(`${apiKey} ${baseUrl}`).digest("hex").slice(0, 16);
}
