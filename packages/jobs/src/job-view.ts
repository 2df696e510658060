import type { Job, Provider } from "@understudy/contracts";
import type { Database, Prisma } from "@understudy/database";
import { formatUsd, sumUsd } from "@understudy/ledger";

/** What a job's view is made of; its calls in the order of their start. */
export type JobRow = Prisma.JobGetPayload<{ include: { calls: true }; omit: { input: true } }>;

/** Calls as `presentJob` wants them. */
export const callsInOrder = {
  orderBy: [{ startedAt: "asc" }, { id: "asc" }],
} satisfies Prisma.Job$callsArgs;

/** Those of the jobs that exist. @param ids each once */
export function readJobs(database: Database, ids: string[]): Promise<JobRow[]> {
  return database.prisma.job.findMany({
    where: { id: { in: ids } },
    include: { calls: callsInOrder },
    omit: { input: true },
  });
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

/** How a job had ended before it was retried, as retry-jobs.sql notes it. */
export interface EarlierEnd {
  status: "failed";
  code: string;
  message: string;
  retryable: boolean;
  resetsAt: string | null;
  finishedAt: string;
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
