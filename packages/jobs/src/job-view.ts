import type { Job, JobStatus, LaneTermsRow, Provider } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import { formatUsd, sumUsd } from "@understudy/ledger";

const readStatement = loadStatement(new URL("./read-jobs.sql", import.meta.url));

/** How a job had ended before it was retried, as retry-jobs.sql notes it. */
export interface EarlierEnd {
  status: "failed";
  code: string;
  message: string;
  retryable: boolean;
  resetsAt: string | null;
  finishedAt: string;
}

interface CallRow {
  agentId: string;
  provider: Provider | null;
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  thoughtTokens: number;
  costUsd: string | null;
}

/** What a job's view is made of, as read-jobs.sql gives it. */
export interface JobRow {
  id: string;
  agent: string;
  creatorId: string;
  model: string;
  feature: string;
  status: JobStatus;
  waitingFor: NonNullable<Job["waitingFor"]> | null;
  result: unknown;
  errorCode: string | null;
  errorMessage: string | null;
  errorRetryable: boolean | null;
  errorResetsAt: Date | null;
  metadata: unknown;
  notBefore: Date | null;
  generation: number;
  /** The fence of its attempt: with `fences` it counts more than the attempts that the app is told of. */
  attempt: number;
  fences: number;
  retries: number;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  erasedAt: Date | null;
  /** Of its lane; null where it does not wait for a token. */
  terms: LaneTermsRow | null;
  /** In the order of their start. */
  calls: CallRow[];
  /** By the ids of those ends' events; null of a job that was never retried. */
  earlierEnds: Readonly<Record<string, EarlierEnd>> | null;
}

/** Those of the jobs that exist, in no particular order. @param ids each once */
export function readJobs(database: Database, ids: readonly string[]): Promise<JobRow[]> {
  return database.execute(
    readStatement,
    ids.map((id) => ({ id })),
  );
}

/**
 * A job as it is told to the app, by `GET` and by webhook.
 * @param expectedProvider who will answer, of a job that made no call yet
 */
export function presentJob(row: JobRow, expectedProvider: Provider, now: Date): Job {
  return {
    id: row.id,
    agent: row.agent,
    creatorId: row.creatorId,
    status: row.status,
    usage: sumUsage(row.calls),
    agentsInvolved: agentsOf(row.calls),
    model: row.model,
    provider: row.calls.findLast((call) => call.provider !== null)?.provider ?? expectedProvider,
    attempts: row.attempt - row.fences,
    ...(row.retries > 0 && { retries: row.retries }),
    feature: row.feature,
    createdAt: row.createdAt.toISOString(),
    ...(row.status === "queued" && { waitingFor: waitingFor(row, now) }),
    ...(row.result !== null && { result: row.result }),
    ...(row.errorCode !== null && {
      error: {
        code: row.errorCode,
        message: row.errorMessage ?? "",
        retryable: row.errorRetryable ?? false,
        ...(row.errorResetsAt && { resetsAt: row.errorResetsAt.toISOString() }),
      },
    }),
    ...(row.startedAt && { startedAt: row.startedAt.toISOString() }),
    ...(row.finishedAt && { finishedAt: row.finishedAt.toISOString() }),
    ...(row.metadata !== null && { metadata: row.metadata as Record<string, string> }),
    ...(row.erasedAt && { erasedAt: row.erasedAt.toISOString() }),
  };
}

/** The job as it was at an end that was not its last: that is what the event of that end tells. */
export function asItEnded(job: Job, end: EarlierEnd): Job {
  const { result: _, waitingFor: __, ...rest } = job;
  const { status, code, message, retryable, resetsAt } = end;
  return {
    ...rest,
    status,
    error: { code, message, retryable, ...(resetsAt !== null && { resetsAt: isoTime(resetsAt) }) },
    finishedAt: isoTime(end.finishedAt),
  };
}

/** Postgres writes times in JSON with its own offset. */
function isoTime(text: string): string {
  return new Date(text).toISOString();
}

function waitingFor(row: JobRow, now: Date): NonNullable<Job["waitingFor"]> {
  if (row.notBefore && row.notBefore > now) return "time";
  return row.waitingFor ?? "worker";
}

function sumUsage(calls: JobRow["calls"]): Job["usage"] {
  const sum = (field: "inputTokens" | "cachedTokens" | "outputTokens" | "thoughtTokens") =>
    calls.reduce((total, call) => total + call[field], 0);
  return {
    inputTokens: sum("inputTokens"),
    cachedTokens: sum("cachedTokens"),
    outputTokens: sum("outputTokens"),
    thoughtTokens: sum("thoughtTokens"),
    costUsd: formatUsd(sumUsd(calls.map((call) => call.costUsd ?? 0))),
    calls: calls.length,
    byAgent: agentsOf(calls).map((agentId) => {
      const own = calls.filter((call) => call.agentId === agentId);
      return { agentId, calls: own.length, costUsd: formatUsd(sumUsd(own.map((call) => call.costUsd ?? 0))) };
    }),
  };
}

/** In the order of their first call. */
function agentsOf(calls: JobRow["calls"]): string[] {
  return [...new Set(calls.map((call) => call.agentId))];
}
