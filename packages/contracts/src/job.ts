import { z } from "zod";
import { creatorId } from "./ids.ts";
import { usd } from "./money.ts";
import { timeWithOffset } from "./time.ts";

export const jobStatuses = ["queued", "running", "completed", "failed", "blocked", "cancelled"] as const;
export type JobStatus = (typeof jobStatuses)[number];

/** States that a job never leaves by itself. */
export const terminalStatuses = ["completed", "failed", "blocked", "cancelled"] as const;
export type TerminalStatus = (typeof terminalStatuses)[number];

export function isTerminal(status: JobStatus): status is TerminalStatus {
  return (terminalStatuses as readonly string[]).includes(status);
}

/** BullMQ's largest priority. */
const priorityMax = 2_097_151;

/** Of jobs whose priority the app does not say, within their creator's lane: what somebody waits for goes before what nobody does. */
export const priorities = { moderation: 50, single: 100, bulk: 200 };

/** Small strings of the app's own, given back with the job. */
const metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((entries) => Object.keys(entries).length <= 32, "must have at most 32 entries");

/** The app's own name of a request: a repeat within 24 hours under the same name gets the same job. */
export const idempotencyKey = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/, "must be 1 to 255 printable ASCII characters");

export const jobOptions = z.strictObject({
  priority: z
    .int()
    .min(1)
    .max(priorityMax)
    .optional()
    .describe(
      `1 runs first among a creator's jobs. Unless given ${priorities.moderation} for moderation, ${priorities.single} for other ` +
        `single requests, ${priorities.bulk} in a batch or with notBefore.`,
    ),
  /** Not before this time. */
  notBefore: timeWithOffset.optional(),
  /** Fails with `expired` when it has not started by then. */
  expiresAt: timeWithOffset.optional(),
  /** What the app says it is for; costs can be grouped by it. */
  feature: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,64}$/, "must be 1 to 64 letters, digits, '_', '.', ':' or '-'")
    .optional(),
  metadata: metadata.optional(),
  callbackUrl: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
  /** What the header `Idempotency-Key` is to a single request, for each job of a batch. */
  idempotencyKey: idempotencyKey.optional(),
});

export type JobOptions = z.infer<typeof jobOptions>;

/** Body of `POST /api/ai/agents/{name}/jobs`; the agent's own schema parses `input`. */
export const agentJobRequest = z.strictObject({
  creatorId,
  input: z.record(z.string(), z.unknown()),
  options: jobOptions.optional(),
});

/** Body of `POST /api/ai/jobs/batch`: each job is accepted or refused by itself. */
export const jobBatch = z.strictObject({
  jobs: z.array(z.unknown()).min(1).max(1000),
});

/** One job of a batch: as for `POST /api/ai/agents/{name}/jobs`, with its agent. */
export const batchJob = agentJobRequest.extend({ agent: z.string().min(1).max(32) });

const agentName = z.string().regex(/^[a-z0-9-]{1,32}$/, "must be an agent's name, such as chat");

/** Query of `GET /api/ai/jobs`: the newest first; `from` is included, `to` is not. */
export const jobsQuery = z.strictObject({
  creatorId: creatorId.optional(),
  /** The agent that was asked for. */
  agent: agentName.optional(),
  status: z.enum(jobStatuses).optional(),
  /** When it was created. */
  from: timeWithOffset.optional(),
  to: timeWithOffset.optional(),
  /** The whole id of a job or fan, the beginning of a creator's id, or words of an error, the last of which may be cut. */
  q: z.string().trim().min(1).max(200).optional(),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export type JobsQuery = z.infer<typeof jobsQuery>;

/** Body of `POST /api/ai/jobs/retry`: failed jobs for which all of it holds. */
export const retryRequest = z.strictObject({
  /** The agent that was asked for. */
  agent: agentName.optional(),
  creatorId: creatorId.optional(),
  /** `error.code` of the job. */
  code: z
    .string()
    .regex(/^[a-z_]{1,64}$/, "must be an error's code, such as provider_unavailable")
    .optional(),
  /** Failed then or later. */
  since: timeWithOffset.optional(),
  /** Failed before; now by default. Whoever asks page by page keeps it: what fails again meanwhile is not retried. */
  until: timeWithOffset.optional(),
});

export type RetryRequest = z.infer<typeof retryRequest>;

/** Its answer. */
export const retryAnswer = z.object({
  /** Jobs that are queued again. */
  retried: z.int(),
  /** As it was asked, or the time of the request. */
  until: z.iso.datetime({ offset: true }),
  /** There are more than one request takes: ask again with this as `since`, and with `until`. */
  nextSince: z.iso.datetime().optional(),
  /** Some were left out, since as many jobs of their creators wait as may: ask again when those have started. */
  laneFull: z.literal(true).optional(),
});

export type RetryAnswer = z.infer<typeof retryAnswer>;

export const jobUsage = z.object({
  /** The cached part included. */
  inputTokens: z.int(),
  cachedTokens: z.int(),
  /** Without thoughts. */
  outputTokens: z.int(),
  thoughtTokens: z.int(),
  costUsd: usd,
  /** HTTP requests to Gemini, whatever became of them. */
  calls: z.int(),
  /** What each agent's calls came to, in the order of their first call. */
  byAgent: z.array(z.object({ agentId: z.string(), calls: z.int(), costUsd: usd })),
});

export const providers = ["gemini", "emulator", "other"] as const;
export type Provider = (typeof providers)[number];

export const waitingFor = z.enum(["token", "quota", "provider", "worker", "time", "paused"]);

const admission = z.object({
  /** Jobs of its creator that stand before it. */
  position: z.int(),
  /** At the earliest, as far as the creator's bucket tells. */
  estimatedStartAt: z.iso.datetime(),
});

/** A job as `GET /api/ai/jobs/{id}` gives it. */
export const job = z.object({
  id: z.string(),
  agent: z.string(),
  creatorId: z.string(),
  status: z.enum(jobStatuses),
  waitingFor: waitingFor.optional(),
  /** Of a job that waits in its creator's lane. */
  admission: admission.optional(),
  result: z.unknown().optional(),
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      retryable: z.boolean(),
      /** When the quota, or the platform's budget, that had no room begins anew. */
      resetsAt: z.iso.datetime().optional(),
    })
    .optional(),
  usage: jobUsage,
  /** In the order of their first call. */
  agentsInvolved: z.array(z.string()),
  model: z.string(),
  /** Who answers: an emulated reply is never passed off as Gemini's. */
  provider: z.enum(providers),
  /** Executions by a worker so far. One that was put off (429, limits, no room, a worker that stops) and goes on is one. */
  attempts: z.int(),
  /** How often it was tried again after it had failed, by `POST /api/ai/jobs/{id}/retry`. */
  retries: z.int().optional(),
  feature: z.string(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().optional(),
  finishedAt: z.iso.datetime().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  /** Its fan was erased since: input, result and metadata are gone, what it cost stays. */
  erasedAt: z.iso.datetime().optional(),
});

export type Job = z.infer<typeof job>;

/** What Redis needs to know of a job. */
export interface DispatchableJob {
  id: string;
  agent: string;
  creatorId: string;
  /** Under which it is dispatched. */
  generation: number;
  /** 1 runs first. */
  priority: number;
  notBefore: Date | null;
  /** Of its creator's lane; none for a job that was released before, and needs no token any more. */
  terms?: LaneTermsRow | null;
}

/** What bounds and weighs a creator's jobs, as Postgres gives it. */
export interface LaneTermsRow {
  ratePerHour: number;
  burst: number;
  /** Share where capacity is scarce, against the other creators. */
  weight: number;
  creatorSince: string;
  isPaused: boolean;
}

/** What `202 Accepted` says. */
export const acceptedJob = z.object({
  id: z.string(),
  agent: z.string(),
  creatorId: z.string(),
  status: z.enum(jobStatuses),
  createdAt: z.iso.datetime(),
  admission,
  links: z.object({ self: z.string(), events: z.string() }),
});

export type AcceptedJob = z.infer<typeof acceptedJob>;
