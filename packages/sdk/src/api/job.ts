/** States of a job. The last four are terminal. */
export type JobStatus = "queued" | "running" | "completed" | "failed" | "blocked" | "cancelled";

/** States that a job never leaves by itself. `blocked` is Gemini's own refusal. */
export type TerminalStatus = Exclude<JobStatus, "queued" | "running">;

/** Why a queued job does not run yet. */
export type WaitingFor = "token" | "quota" | "provider" | "worker" | "time" | "paused";

/** Where a job stands in its creator's lane. */
export interface Admission {
  /** Jobs of its creator that stand before it. */
  position: number;
  /** At the earliest, as far as the creator's bucket tells. ISO 8601. */
  estimatedStartAt: string;
}

/** What a job's calls to Gemini used, and what that cost. */
export interface JobUsage {
  /** The cached part included. */
  inputTokens: number;
  cachedTokens: number;
  /** Without thoughts. */
  outputTokens: number;
  thoughtTokens: number;
  /** USD as an exact decimal string, such as `"0.00155"`: no float holds it. */
  costUsd: string;
  /** HTTP requests to Gemini, whatever became of them. */
  calls: number;
  /** What each agent's calls came to, in the order of their first call. */
  byAgent: { agentId: string; calls: number; costUsd: string }[];
}

/** Why a job has no result. */
export interface JobError {
  /** Stable, such as `quota_exceeded`, `output_invalid`, `safety`, `expired`. */
  code: string;
  message: string;
  retryable: boolean;
  /** When the quota, or the platform's budget, that had no room begins anew. */
  resetsAt?: string | undefined;
}

/** A job as `GET /api/ai/jobs/{id}` gives it. Times are ISO 8601 in UTC. */
export interface Job<Result = unknown> {
  id: string;
  /** The agent that was asked for. */
  agent: string;
  creatorId: string;
  status: JobStatus;
  waitingFor?: WaitingFor | undefined;
  /** Of a job that waits in its creator's lane. */
  admission?: Admission | undefined;
  /** Of a completed job, unless its fan was erased since. */
  result?: Result | undefined;
  error?: JobError | undefined;
  usage: JobUsage;
  /** Ids of the agents that made calls, in the order of their first call. */
  agentsInvolved: string[];
  model: string;
  /** Who answers: neither an emulated reply nor that of another address (`other`) is passed off as Gemini's. */
  provider: "gemini" | "emulator" | "other";
  /** Executions by a worker so far. One that was put off (429, limits, no room, a worker that stops) and goes on is one. */
  attempts: number;
  /** How often it was tried again by `retry()` after it had failed. */
  retries?: number | undefined;
  feature: string;
  createdAt: string;
  startedAt?: string | undefined;
  finishedAt?: string | undefined;
  /** As it was given with the job. */
  metadata?: Record<string, string> | undefined;
  /** Its fan was erased since: input, result and metadata are gone, what it cost stays. */
  erasedAt?: string | undefined;
}

/** A job in a terminal state. */
export type FinishedJob<Result = unknown> =
  | (Job<Result> & { status: "completed" })
  | (Job<never> & { status: "failed" | "blocked"; error: JobError })
  | (Job<never> & { status: "cancelled" });

/** What `202 Accepted` says. */
export interface AcceptedJob {
  id: string;
  agent: string;
  creatorId: string;
  status: JobStatus;
  createdAt: string;
  admission: Admission;
  links: { self: string; events: string };
}

/** What an app may say of a job beside its input. */
export interface JobOptions {
  /** 1 runs first; unless given 50 for moderation, 100, and 200 in a batch or with `notBefore`; 2,097,151 at most. */
  priority?: number | undefined;
  /** Not before this time. ISO 8601 with an offset. */
  notBefore?: string | undefined;
  /** Fails with `expired` when it has not started by then. ISO 8601 with an offset. */
  expiresAt?: string | undefined;
  /** What the app says it is for; costs can be grouped by it. The agent's own unless given. */
  feature?: string | undefined;
  /** Small strings of the app's own, given back with the job: 32 entries of 512 characters at most. */
  metadata?: Record<string, string> | undefined;
  /** Where its end is told. Must begin with the URL of a registered webhook endpoint. */
  callbackUrl?: string | undefined;
  /** Your own name of this job, 1 to 255 printable ASCII characters: a repeat within 24 hours gets the same job. */
  idempotencyKey?: string | undefined;
}

/** What the app did with a result. A later one replaces it. */
export interface JobFeedback {
  outcome: "sent" | "edited" | "rejected" | "converted";
  /** What was really sent; of an edited reply it must be given. */
  text?: string | undefined;
  /** What the fan paid: a decimal string, such as `"12.50"`. */
  amountUsd?: string | undefined;
}

/**
 * What `stream()` tells of a job, in order:
 * - `status`: its state, when it changes;
 * - `token`: a piece of the text that is being generated; belongs behind all that came since the last `retract`;
 * - `retract`: all text so far is taken back: it was rewritten, or an attempt begins again;
 * - `done`: the job with its result. The last event.
 */
export type JobEvent<Result = unknown> = {
  /** Resumes behind this event: `stream({ lastEventId })`. */
  id: string;
} & (
  | { event: "status"; data: Pick<Job, "status" | "waitingFor" | "admission" | "attempts"> }
  | { event: "token"; data: TokenData }
  | { event: "retract"; data: Record<string, never> }
  | { event: "done"; data: FinishedJob<Result> }
);

export interface TokenData {
  text: string;
  /** Key of the step that writes it. */
  step: string;
  /** It may be taken back: what counts is the result of `done`. */
  provisional: true;
  /** Of a draft that has still to pass compliance. */
  note?: string | undefined;
}

/** What a browser may hold to follow one job. */
export interface JobToken {
  /** `usjt_…`: the `apiKey` of a client in the browser. */
  token: string;
  /** ISO 8601. */
  expiresAt: string;
}

/** Of which jobs a list tells: all that fit, the newest first. */
export interface JobsQuery {
  creatorId?: string | undefined;
  agent?: string | undefined;
  status?: JobStatus | undefined;
  /** Created at this time or later. ISO 8601. */
  from?: string | undefined;
  /** Created before this time. ISO 8601. */
  to?: string | undefined;
  /** A part of the job's id. */
  q?: string | undefined;
  /** Jobs of one request. */
  limit?: number | undefined;
}
