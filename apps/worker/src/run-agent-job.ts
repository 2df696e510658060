import { type Agent, findAgent, type NecessaryCall, necessaryCallsOf } from "@understudy/agents";
import {
  type ClaimedJob,
  type Database,
  type JobEnd,
  newId,
  requeueJob,
  takeBackCrash,
  untilDatabaseAnswers,
} from "@understudy/database";
import { cancelled, type GeminiClient, type ModelGate } from "@understudy/gemini";
import { type Ledger, worstCasesOf } from "@understudy/ledger";
import type { JobStreamWriter } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import type { AgentTelemetry, WorkerTelemetry } from "@understudy/telemetry";
import { type AttemptEnd, readThrown } from "./attempt-end.ts";
import { attemptTools, JobReserve } from "./attempt-tools.ts";
import type { KnowledgeStore } from "./knowledge/knowledge-store.ts";

/** What running a job needs. */
export interface WorkerDependencies {
  database: Database;
  /** `claimJobs` and `finishJobs`, shared by all jobs that come at once. */
  claim: (claim: {
    id: string;
    generation: number;
    timeoutSeconds: number;
  }) => Promise<ClaimedJob | undefined>;
  finish: (end: JobEnd) => Promise<boolean>;
  knowledge: KnowledgeStore;
  ledger: Ledger;
  gemini: GeminiClient;
  /** Keeps Gemini's own limits; without it each call goes. */
  modelGate?: ModelGate;
  defaultModel: string;
  /** Replaces each agent's own longest attempt. */
  attemptSeconds: number | undefined;
  /** Where the text of an attempt is shown while it is generated. */
  streamOf: (jobId: string, attempt: number) => JobStreamWriter;
  /** Hears that a job was cancelled; the answer stops that. */
  watchCancel: (jobId: string, onCancelled: () => void) => () => void;
  /** Tells whoever waits that a job has ended. */
  announceEnd: (jobId: string) => void;
  /** Aborts when the worker can wait no longer for jobs under way. */
  stopping: AbortSignal;
  /** Tells operators of attempts and calls. */
  telemetry: Pick<WorkerTelemetry, "attempt">;
  logger: Logger;
}

/** One delivery by BullMQ. Nothing but the job's id is trusted. */
export interface Delivery {
  jobId: string;
  generation: number;
  /** No attempt is left after this one. */
  isLast: boolean;
}

/** What BullMQ shall do with the delivery; what is true of the job stands in Postgres by then. */
export type DeliveryEnd =
  | { kind: "done" }
  | { kind: "failed"; reason: string }
  | { kind: "try_again"; reason: string }
  | { kind: "put_off"; delayMs: number };

/** A job whose attempts ended without a word this often kills its workers: it is run no more. */
const crashesMax = 2;

/**
 * Runs one delivery of a job: claim it, let its agent work, write down how it ended. While Postgres is away
 * it waits, and pays for nothing.
 */
export async function runAgentJob(
  dependencies: WorkerDependencies,
  agent: Agent,
  delivery: Delivery,
): Promise<DeliveryEnd> {
  const { jobId: id, generation } = delivery;
  const timeoutSeconds = dependencies.attemptSeconds ?? agent.queue.timeoutSeconds;

  const job = await untilDatabaseAnswers(() => dependencies.claim({ id, generation, timeoutSeconds }));
  if (!job) return { kind: "done" };

  const observed = dependencies.telemetry.attempt(job);
  const attempted = await attemptJob(dependencies, job, timeoutSeconds, observed);
  const end = attempted.kind === "try_again" && delivery.isLast ? usedUp(attempted) : attempted;
  const written = await writeEnd(dependencies, job, end);
  observed.end(written ? end.kind : "fenced", "code" in end ? end.code : undefined);
  if (written) return written;
  // Another attempt was begun as if this worker had died. It has not: that must not count against the job.
  dependencies.logger.warn({ jobId: id, attempt: job.attempt }, "a later attempt has taken the job over");
  await untilDatabaseAnswers(() => takeBackCrash(dependencies.database, job));
  return { kind: "done" };
}

async function attemptJob(
  dependencies: WorkerDependencies,
  job: ClaimedJob,
  timeoutSeconds: number,
  observed: AgentTelemetry,
): Promise<AttemptEnd> {
  if (job.expired) return failed("expired", "The job had not started by its expiresAt.", false);
  if (job.crashes >= crashesMax) {
    return failed("worker_crashed", `The worker died ${job.crashes} times while it ran this job.`, true);
  }
  const agent = findAgent(job.agent);
  if (!agent) return failed("agent_not_found", `There is no agent ${job.agent} any more.`, false);

  const { stopping, logger } = dependencies;
  const stream = dependencies.streamOf(job.id, job.attempt);
  stream.begin();
  const ending = new AbortController();
  const abort = () => ending.abort();
  const stopWatching = dependencies.watchCancel(job.id, () => ending.abort(cancelled));
  const timer = setTimeout(abort, timeoutSeconds * 1000);
  stopping.addEventListener("abort", abort, { once: true });
  try {
    const input = agent.input.parse(job.input);
    const reserve = await reserveFor(dependencies, job, necessaryCallsOf(agent, input));
    const attempt = {
      ...dependencies,
      job,
      signal: ending.signal,
      timeoutSeconds,
      reserve,
      stream,
      observed,
    };
    const tools = attemptTools(attempt, agent, input);
    const result = agent.output.parse(await agent.run(input, tools));
    stream.end(result);
    return { kind: "completed", result };
  } catch (err) {
    stream.end(undefined);
    if (ending.signal.reason === cancelled) return { kind: "cancelled" };
    const end = readThrown(err, stopping.aborted);
    if (end.kind === "failed" && end.code === "agent_error")
      logger.error({ err, jobId: job.id }, "agent failed");
    return end;
  } finally {
    stopWatching();
    clearTimeout(timer);
    stopping.removeEventListener("abort", abort);
  }
}

/** What its first call must hold beside itself: the calls that the job can't do without and has not made. */
async function reserveFor(
  { ledger, defaultModel }: WorkerDependencies,
  job: ClaimedJob,
  calls: NecessaryCall[],
): Promise<JobReserve> {
  const finished = new Set(job.steps.map((step) => step.key));
  const open = calls.filter((call) => !finished.has(call.step));
  // A model without a price is refused by the call itself.
  return new JobReserve((await worstCasesOf(ledger.prices, open, defaultModel)).byStep);
}

/** @returns undefined where the attempt was fenced off, and nothing was written */
async function writeEnd(
  dependencies: WorkerDependencies,
  job: ClaimedJob,
  end: AttemptEnd,
): Promise<DeliveryEnd | undefined> {
  const { database, finish, announceEnd, logger } = dependencies;
  const { id, attempt } = job;
  const about = { jobId: id, agent: job.agent, creatorId: job.creatorId, attempt };
  // One id for all tries of this write: should the first be committed unheard, no second event follows.
  const eventId = newId("evt");

  switch (end.kind) {
    case "completed": {
      const { result } = end;
      const finished = await untilDatabaseAnswers(() =>
        finish({ id, attempt, eventId, status: "completed", result }),
      );
      announceEnd(id);
      return finished ? { kind: "done" } : undefined;
    }

    case "failed":
    case "blocked": {
      const { kind: status, code: errorCode, message: errorMessage } = end;
      const errorRetryable = end.kind === "failed" && end.retryable;
      const { resetsAt: errorResetsAt, step: errorStep } = end.kind === "failed" ? end : {};
      const finished = await untilDatabaseAnswers(() =>
        finish({
          ...{ id, attempt, eventId, status, errorCode, errorMessage, errorRetryable },
          ...{ errorResetsAt, errorStep },
        }),
      );
      announceEnd(id);
      if (finished) logger.warn({ ...about, status, errorCode }, "job ended without a result");
      return finished ? { kind: "failed", reason: `${errorCode}: ${errorMessage}` } : undefined;
    }

    case "try_again":
    case "put_off": {
      const { kind, waitingFor } = end;
      logger.info({ ...about, kind, waitingFor }, "job goes back to its queue");
      const requeued = await untilDatabaseAnswers(() => requeueJob(database, { id, attempt, waitingFor }));
      if (!requeued) return undefined;
      return end.kind === "put_off"
        ? { kind: "put_off", delayMs: end.delayMs }
        : { kind: "try_again", reason: `${end.code}: ${end.message}` };
    }

    case "wait_for_room": {
      const { waitingFor, neededUsd } = end;
      logger.info({ ...about, waitingFor, neededUsd }, "job waits for room");
      const requeued = await untilDatabaseAnswers(() =>
        requeueJob(database, { id, attempt, waitingFor, neededUsd }),
      );
      // It stands in no queue now: when there is room, it is dispatched under a new generation.
      return requeued ? { kind: "done" } : undefined;
    }

    case "cancelled":
      logger.info(about, "job was cancelled while it ran");
      return { kind: "done" };

    case "fenced":
      return undefined;
  }
}

function usedUp(end: AttemptEnd & { kind: "try_again" }): AttemptEnd {
  return failed(end.code, end.message, true);
}

function failed(code: string, message: string, retryable: boolean): AttemptEnd {
  return { kind: "failed", code, message, retryable };
}
