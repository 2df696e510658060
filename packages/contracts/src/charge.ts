import { z } from "zod";
import { costSums } from "./cost.ts";
import { creatorId } from "./ids.ts";
import { usd } from "./money.ts";

/** A UTC month: `2026-10`. */
export const month = z.string().regex(/^20\d{2}-(0[1-9]|1[0-2])$/, "must be a UTC month, such as 2026-10");

/** Query of `GET /api/ai/admin/charges`; the current UTC month by default. */
export const chargesQuery = z.strictObject({
  month: month.optional(),
  creatorId: creatorId.optional(),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export type ChargesQuery = z.infer<typeof chargesQuery>;

/** What a charge says of one agent's, or one feature's, calls. */
export const chargeShare = costSums.omit({ unknownUsd: true });

export type ChargeShare = z.infer<typeof chargeShare>;

/** What an earlier, closed month turned out to owe after its charge was written. */
export const adjustment = z.object({
  amountUsd: usd,
  reason: z.string(),
  originMonth: month.describe("The month whose usage it is."),
});

export type Adjustment = z.infer<typeof adjustment>;

/** What a creator owes for a UTC month. A draft is what it would be if the month were closed now. */
export const charge = z.object({
  creatorId: z.string(),
  month,
  status: z.enum(["draft", "closed"]),
  plan: z
    .string()
    .describe("The plan in force at the end of the month, its price and whether it contains the usage."),
  planPriceUsd: usd,
  usage: z.enum(["billed", "included"]),
  costUsd: usd.describe("The sum of the calls' costs, to the last digit."),
  roundedUsd: usd.describe("The cost rounded once, half up to cents."),
  adjustments: z.array(adjustment),
  amountUsd: usd.describe("Plan price + (usage billed: rounded cost; included: 0) + adjustments."),
  tokensInput: z.int().describe("All input, the cached part included."),
  tokensOutput: z.int().describe("Output and thoughts."),
  byAgent: z
    .record(z.string(), chargeShare)
    .describe("By the calls' `agentId`; the costs add up to `costUsd`, as those by feature do."),
  byFeature: z.record(z.string(), chargeShare),
  closedAt: z.iso.datetime().optional(),
});

export type Charge = z.infer<typeof charge>;

/** Answer of `POST /api/ai/admin/charges/{month}/close`; creators are told apart by what became of them. */
export const closeResult = z.object({
  closed: z.int().describe("Creators charged by this request."),
  alreadyClosed: z.int().describe("Creators charged before it, or by another at the same time."),
  notYet: z
    .array(z.object({ creatorId: z.string(), reason: z.string() }))
    .describe(
      "Creators that can't be charged yet, the first thousand of them: closing again later charges them.",
    ),
  notYetCount: z.int().describe("How many there are in all."),
});

export type CloseResult = z.infer<typeof closeResult>;
