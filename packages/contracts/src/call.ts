import { z } from "zod";
import { creatorId, jobId } from "./ids.ts";
import { providers } from "./job.ts";
import { usd } from "./money.ts";
import { timeWithOffset } from "./time.ts";

export const callStatuses = ["started", "settled", "released", "unknown"] as const;

/** Query of `GET /api/ai/admin/calls`: in order of their start; `from` is included, `to` is not. */
export const callsQuery = z.strictObject({
  jobId: jobId.optional(),
  creatorId: creatorId.optional(),
  /** The agent's id, such as `messaging_ai`. */
  agent: z.string().min(1).max(64).optional(),
  model: z.string().min(1).max(100).optional(),
  feature: z.string().min(1).max(64).optional(),
  status: z.enum(callStatuses).optional(),
  /** A part of the provider's own words on a failure; needs the scope `jobs:content`. */
  providerMessage: z.string().trim().min(1).max(200).optional(),
  from: timeWithOffset.optional(),
  to: timeWithOffset.optional(),
  /** `oldest` unless given. A cursor goes on in the order in which it was given. */
  first: z.enum(["oldest", "newest"]).default("oldest"),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export type CallsQuery = z.infer<typeof callsQuery>;

export const serviceTiers = ["standard", "flex", "priority", "batch"] as const;
export type ServiceTier = (typeof serviceTiers)[number];

/** One row of `UsageLog`: one HTTP request to Gemini. */
export const call = z.object({
  id: z.string(),
  jobId: z.string(),
  creatorId: z.string(),
  agentId: z.string(),
  feature: z.string(),
  stepKey: z.string(),
  attempt: z.int(),
  model: z.string().describe("The one that was asked for."),
  modelVersion: z.string().nullable().describe("The one that has answered, as it says itself."),
  provider: z.enum(providers).nullable(),
  serviceTier: z.enum(serviceTiers),
  status: z.enum(callStatuses),
  inputTokens: z.int(),
  cachedTokens: z.int(),
  outputTokens: z.int(),
  thoughtTokens: z.int(),
  /** Null while it is open or unknown. */
  costUsd: usd.nullable(),
  /** The hold of an unknown call; else 0. */
  unknownUsd: usd,
  holdUsd: usd,
  estimated: z.boolean(),
  /** Its cost was lost, and an operator has said what it is. */
  byOperator: z.boolean(),
  finishReason: z.string().nullable(),
  httpStatus: z.int().nullable(),
  errorCode: z.string().nullable(),
  providerMessage: z
    .string()
    .optional()
    .describe(
      "The provider's own words on a failure, without the prompt's; for keys with the scope `jobs:content` alone.",
    ),
  providerWords: z
    .object({
      reason: z.string().optional(),
      quota: z.array(z.string()).optional().describe("Quotas that are used up."),
      fields: z.array(z.string()).optional().describe("Fields of the request that it does not take."),
      requestId: z.string().optional().describe("The provider's own id of the request."),
    })
    .optional()
    .describe("What else it said of the failure, under the same scope."),
  startedAt: z.iso.datetime(),
  settledAt: z.iso.datetime().nullable(),
});

export type Call = z.infer<typeof call>;
