import { randomUUID } from "node:crypto";
import { findAgent, necessarySteps, type StepOfAgent } from "@understudy/agents";
import { type Database, databaseFault, newId, sqlState, untilDatabaseAnswers } from "@understudy/database";
import { cancelled, type ModelGate, type ModelProvider } from "@understudy/gemini";
import type { Claim, ClaimedJob, PutOff } from "@understudy/jobs";
import { firstReadsItem } from "@understudy/knowledge";
import type { Candidate, JobEnd, Ledger } from "@understudy/ledger";
import { type ModelRegistry, worstCasesOf } from "@understudy/models";
import type { JobStreamWriter } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import type { AgentTelemetry, WorkerTelemetry } from "@understudy/telemetry";
import { type AttemptEnd, notStorable, readThrown } from "./attempt-end.ts";
import { attemptTools, JobReserve } from "./attempt-tools.ts";
import type { AttemptWatch } from "./attempt-watch.ts";
import { backoffMs } from "./backoff.ts";
import type { KnowledgeStore } from "./knowledge/knowledge-store.ts";

/** What running a job needs. */
export interface WorkerDependencies {
  database: Database;
  /** Whether what is claimed now is this process' own: else it would be taken over at once, and count as a crash. */
  mayClaim: () => boolean;
  /** What is written of the job; but for `putOff` for all jobs at once that come together. */
  claim: (claim: Omit<Claim, "workerId" | "isAlone">) => Promise<ClaimedJob | undefined>;
  finish: (end: JobEnd) => Promise<boolean>;
  putOff: (putOff: PutOff) => Promise<boolean>;
  /** Writes answers and steps of an attempt that are not written yet, as `finish` does with the end. */
  writeKept: Ledger["writeKept"];
  knowledge: KnowledgeStore;
  ledger: Ledger;
  gemini: ModelProvider;
  /** Keeps Gemini's own limits; without it each call goes. */
  modelGate?: ModelGate;
  registry: ModelRegistry;
  onUnavailable(model: string, next: Candidate | undefined, gone: Candidate): void;
  /** Replaces each agent's own longest attempt. */
  attemptSeconds: number | undefined;
  /** Where the text of an attempt is shown while it is generated. */
  streamOf: (jobId: string, attempt: number) => JobStreamWriter;
  /** Hears that the job is the attempt's own no more; the answer stops that. */
  watchAttempt: AttemptWatch["watch"];
  /** Says that a job is, or may be, in the hands of this process; the answer that it is no more. */
  holdJob: AttemptWatch["hold"];
  /** Tells whoever waits that a job has ended. */
  announceEnd: (jobId: string) => void;
  /** Tells operators that Postgres refuses what a job has to keep. */
  onNotStorable: (job: ClaimedJob, sqlState: string) => void;
  /** Aborts when the worker can wait no longer for jobs under way. */
  stopping: AbortSignal;
  /** Tells operators of attempts and calls. */
  telemetry: Pick<WorkerTelemetry, "attempt">;
  logger: Logger;
}

/** A hint that a job may be claimed. Nothing but its id is trusted. */
export interface Delivery {
  jobId: string;
  generation: number;
  /** The agent's name. */
  agent: string;
  /** Hears that Postgres knows of the attempt, or that there is none to make. */
  onClaimed?: () => void;
}

/** What shall be shown of the delivery in Bull Board; what is true of the job stands in Postgres by then. */
export type DeliveryEnd = { kind: "done"; note?: string } | { kind: "failed"; reason: string };

/** Of an agent that is gone since the job was accepted: it fails at once. */
const goneAgentQueue = { timeoutSeconds: 60, attempts: 1 };

/**
 * Runs one delivery of a job: claim it, let its agent work, write down how it ended. While Postgres is away
 * it waits, and pays for nothing.
 * @throws where it could not be claimed: nothing has happened
 */
export async function runAgentJob(
  dependencies: WorkerDependencies,
  delivery: Delivery,
): Promise<DeliveryEnd> {
  const letGo = dependencies.holdJob(delivery.jobId);
  try {
    return await runHeldJob(dependencies, delivery);
  } finally {
    letGo();
  }
}

async function runHeldJob(
  dependencies: WorkerDependencies,
  { jobId: id, generation, agent, onClaimed }: Delivery,
): Promise<DeliveryEnd> {
  const { queue, firstReads } = findAgent(agent) ?? { queue: goneAgentQueue };
  const timeoutSeconds = dependencies.attemptSeconds ?? queue.timeoutSeconds;

  const reads = firstReads && firstReadsItem(firstReads);
  const claim = { id, generation, claimId: randomUUID(), timeoutSeconds, reads };
  if (!dependencies.mayClaim()) throw new Error("Postgres does not hear that this worker lives.");
  const claimedAt = performance.now();
  // Once it is sent, it is the same claim until it is answered: it may be committed.
  const job = await untilDatabaseAnswers(() => dependencies.claim(claim), { signal: dependencies.stopping });
  onClaimed?.();
  if (!job) return { kind: "done", note: "It runs, has ended, or was dispatched again." };

  const observed = dependencies.telemetry.attempt(job);
  const attempted = await attemptJob(dependencies, job, claimedAt, timeoutSeconds, observed);
  const isLast = job.tries + 1 >= queue.attempts;
  let end = attempted.kind === "try_again" && isLast ? usedUp(attempted) : attempted;
  const writing = async () => {
    if (!isTerminal(end)) end = await unlessNotStorable(dependencies, job, end);
    return writeEnd(dependencies, job, end);
  };
  const written = await writing().catch((err: unknown) => giveBack(dependencies, job, err));
  observed.end(written ? end.kind : "fenced", "code" in end ? end.code : undefined);
  if (written) return written;
  dependencies.logger.warn({ jobId: id, attempt: job.attempt }, "the job is this attempt's own no more");
  return { kind: "done", note: "Another attempt has taken it over." };
}

/** What an attempt has kept is written before its job is given back. @returns how it ends after that */
async function unlessNotStorable(
  { writeKept, logger }: WorkerDependencies,
  { id: jobId, attempt }: ClaimedJob,
  end: AttemptEnd,
): Promise<AttemptEnd> {
  try {
    await writeKept({ jobId, attempt });
    return end;
  } catch (err) {
    if (databaseFault(err) !== "data") throw err;
    logger.error({ err, jobId }, "an answer or a step of a job can't be stored");
    return notStorable(sqlState(err));
  }
}

/** Pause of a job whose end could not be written: a fault of ours, which time may mend. */
const unwrittenMs = 10_000;

/** A job whose end could not be written is tried again, and does not wait for its deadline. */
async function giveBack(
  { putOff, writeKept, logger }: WorkerDependencies,
  { id, attempt }: ClaimedJob,
  err: unknown,
): Promise<DeliveryEnd | undefined> {
  logger.error({ err, jobId: id }, "the end of an attempt could not be written");
  await writeKept({ jobId: id, attempt }).catch(() => {});
  const wait = { waitingFor: "worker", delayMs: unwrittenMs, isTry: true } as const;
  const isOwn = await untilDatabaseAnswers(() => putOff({ id, attempt, ...wait }));
  return isOwn ? { kind: "done", note: "Its end could not be written." } : undefined;
}

/** Reason of a signal that aborts an attempt whose job another has. */
const takenOver = "taken_over";

/** How long the call under way of such an attempt may still be answered. */
const takenOverMs = 15_000;

async function attemptJob(
  dependencies: WorkerDependencies,
  job: ClaimedJob,
  claimedAt: number,
  timeoutSeconds: number,
  observed: AgentTelemetry,
): Promise<AttemptEnd> {
  if (job.expired) return failed("expired", "The job had not started by its expiresAt.", false);
  const agent = findAgent(job.agent);
  if (!agent) return failed("agent_not_found", `There is no agent ${job.agent} any more.`, false);

  const { stopping, logger } = dependencies;
  const stream = dependencies.streamOf(job.id, job.attempt);
  stream.begin();
  const ending = new AbortController();
  const abort = () => ending.abort();
  let giveUp: NodeJS.Timeout | undefined;
  const stopWatching = dependencies.watchAttempt(job, (why) => {
    if (why === "cancelled") ending.abort(cancelled);
    // What is under way is paid: its cost should be known. Nothing else is begun, since the ledger opens no call for it.
    else giveUp = setTimeout(() => ending.abort(takenOver), takenOverMs);
  });
  function readEnd(err: unknown): AttemptEnd {
    if (ending.signal.reason === cancelled) return { kind: "cancelled" };
    if (ending.signal.reason === takenOver) return { kind: "fenced" };
    return readThrown(err);
  }

  const timer = setTimeout(abort, timeoutSeconds * 1000);
  stopping.addEventListener("abort", abort);
  if (stopping.aborted) abort();
  try {
    const input = agent.input.parse(job.input);
    const reserve = await reserveFor(dependencies, job, necessarySteps(agent, input, job.profile ?? {}));
    const attempt = {
      ...dependencies,
      job,
      claimedAt,
      signal: ending.signal,
      timeoutSeconds,
      reserve,
      stream,
      observed,
    };
    const tools = attemptTools(attempt, agent, input);
    const result = agent.output.parse(await agent.run(input, tools));
    stream.end(result, true);
    return { kind: "completed", result };
  } catch (err) {
    const end = readEnd(err);
    stream.end(undefined, end.kind === "failed" || end.kind === "blocked" || end.kind === "cancelled");
    if (end.kind === "failed" && end.code === "agent_error")
      logger.error({ err, jobId: job.id }, "agent failed");
    return end;
  } finally {
    stopWatching();
    clearTimeout(timer);
    clearTimeout(giveUp);
    stopping.removeEventListener("abort", abort);
  }
}

/** What its first call must hold beside itself: the steps that the job can't do without and has not finished. */
async function reserveFor(
  { registry }: WorkerDependencies,
  job: ClaimedJob,
  steps: Map<string, StepOfAgent>,
): Promise<JobReserve> {
  for (const { key } of job.steps) steps.delete(key);
  // A model without a price is refused by the call itself.
  return new JobReserve((await worstCasesOf(registry, steps, job)).byStep);
}

/** @returns undefined where the attempt was fenced off, and nothing was written */
async function writeEnd(
  dependencies: WorkerDependencies,
  job: ClaimedJob,
  end: AttemptEnd,
): Promise<DeliveryEnd | undefined> {
  const { putOff, announceEnd, onNotStorable, logger } = dependencies;
  const { id, attempt } = job;
  const about = { jobId: id, agent: job.agent, creatorId: job.creatorId, attempt };

  switch (end.kind) {
    case "completed":
    case "failed":
    case "blocked": {
      const written = await writeTerminal(dependencies, job, end);
      announceEnd(id);
      if (!written) return undefined;
      if (written.kind === "completed") return { kind: "done" };
      const { kind: status, code, message } = written;
      logger.warn({ ...about, status, errorCode: code }, "job ended without a result");
      if (written.kind === "failed" && written.sqlState !== undefined) onNotStorable(job, written.sqlState);
      return { kind: "failed", reason: `${code}: ${message}` };
    }

    case "try_again":
    case "put_off": {
      const { kind, waitingFor } = end;
      const isTry = kind === "try_again";
      const delayMs = isTry ? backoffMs(job.tries) : end.delayMs;
      logger.info({ ...about, kind, waitingFor, delayMs }, "job is put off");
      const isOwn = await untilDatabaseAnswers(() => putOff({ id, attempt, waitingFor, delayMs, isTry }));
      const note = isTry ? `${end.code}: ${end.message}` : `It waits for the ${waitingFor}.`;
      return isOwn ? { kind: "done", note } : undefined;
    }

    case "wait_for_room": {
      const { waitingFor, neededUsd } = end;
      logger.info({ ...about, waitingFor, neededUsd }, "job waits for room");
      const isOwn = await untilDatabaseAnswers(() =>
        putOff({ id, attempt, waitingFor, neededUsd, isTry: false }),
      );
      return isOwn ? { kind: "done", note: "It waits for room." } : undefined;
    }

    case "cancelled":
      logger.info(about, "job was cancelled while it ran");
      return { kind: "done", note: "It was cancelled." };

    case "fenced":
      return undefined;
  }
}

type TerminalEnd = AttemptEnd & { kind: "completed" | "failed" | "blocked" };

function isTerminal({ kind }: AttemptEnd): boolean {
  return kind === "completed" || kind === "failed" || kind === "blocked";
}

/** @returns the end that was written: another one where Postgres can't store it; undefined where the attempt was fenced off */
async function writeTerminal(
  { finish, writeKept, logger }: WorkerDependencies,
  { id, attempt }: ClaimedJob,
  end: TerminalEnd,
): Promise<TerminalEnd | undefined> {
  // One id for all tries of this write: should the first be committed unheard, no second event follows.
  const eventId = newId("evt");
  const write = (one: TerminalEnd) =>
    untilDatabaseAnswers(() => finish({ id, attempt, eventId, ...endFields(one) }));
  try {
    return (await write(end)) ? end : undefined;
  } catch (err) {
    if (databaseFault(err) !== "data") throw err;
    logger.error({ err, jobId: id }, "the end of a job can't be stored");
    // By itself, since what is at fault may lie in either.
    await writeKept({ jobId: id, attempt }).catch((fault: unknown) => {
      if (databaseFault(fault) !== "data") throw fault;
    });
    const refused = notStorable(sqlState(err));
    return (await write(refused)) ? refused : undefined;
  }
}

function endFields(end: TerminalEnd): Omit<JobEnd, "id" | "attempt" | "eventId"> {
  if (end.kind === "completed") return { status: "completed", result: end.result };
  const { kind: status, code: errorCode, message: errorMessage } = end;
  if (end.kind === "blocked") return { status, errorCode, errorMessage, errorRetryable: false };
  return {
    ...{ status, errorCode, errorMessage },
    ...{ errorRetryable: end.retryable, errorResetsAt: end.resetsAt, errorStep: end.step },
  };
}

function usedUp(end: AttemptEnd & { kind: "try_again" }): AttemptEnd {
  return failed(end.code, end.message, true);
}

function failed(code: string, message: string, retryable: boolean): AttemptEnd {
  return { kind: "failed", code, message, retryable };
}
