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
  /** The month whose usage it is. */
  originMonth: month,
});

export type Adjustment = z.infer<typeof adjustment>;

/** What a creator owes for a UTC month. A draft is what it would be if the month were closed now. */
export const charge = z.object({
  creatorId: z.string(),
  month,
  status: z.enum(["draft", "closed"]),
  /** The plan in force at the end of the month, its price and whether it contains the usage. */
  plan: z.string(),
  planPriceUsd: usd,
  usage: z.enum(["billed", "included"]),
  /** The sum of the calls' costs, to the last digit. */
  costUsd: usd,
  /** The cost rounded once, half up to cents. */
  roundedUsd: usd,
  adjustments: z.array(adjustment),
  /** Plan price + (usage billed: rounded cost; included: 0) + adjustments. */
  amountUsd: usd,
  /** All input, the cached part included. */
  tokensInput: z.int(),
  /** Output and thoughts. */
  tokensOutput: z.int(),
  /** By the calls' `agentId`; the costs add up to `costUsd`, as those by feature do. */
  byAgent: z.record(z.string(), chargeShare),
  byFeature: z.record(z.string(), chargeShare),
  closedAt: z.iso.datetime().optional(),
});

export type Charge = z.infer<typeof charge>;

/** Answer of `POST /api/ai/admin/charges/{month}/close`; creators are told apart by what became of them. */
export const closeResult = z.object({
  /** Creators charged by this request. */
  closed: z.int(),
  /** Creators charged before it, or by another at the same time. */
  alreadyClosed: z.int(),
  /** Creators that can't be charged yet, the first thousand of them: closing again later charges them. */
  notYet: z.array(z.object({ creatorId: z.string(), reason: z.string() })),
  /** How many there are in all. */
  notYetCount: z.int(),
});

export type CloseResult = z.infer<typeof closeResult>;
