import { z } from "zod";
import { creatorId } from "./ids.ts";
import { usd } from "./money.ts";
import { day, timeWithOffset } from "./time.ts";

export const costGroupings = ["day", "creator", "agent", "model", "feature"] as const;
export type CostGrouping = (typeof costGroupings)[number];

/** A day (`2026-11-22`, from 00:00 UTC) or a time with its offset. */
const moment = z.union([day, timeWithOffset]).transform((text) => new Date(text));

/** Query of `GET /api/ai/admin/costs`. `from` is included, `to` is not; the current UTC month by default. */
export const costsQuery = z
  .strictObject({
    from: moment.optional(),
    to: moment.optional(),
    creatorId: creatorId.optional(),
    /** The agent's id on its calls, such as `messaging_ai`. */
    agent: z.string().min(1).max(64).optional(),
    model: z.string().min(1).max(100).optional(),
    feature: z.string().min(1).max(64).optional(),
    groupBy: z.enum(costGroupings).default("day"),
  })
  .refine((query) => !query.from || !query.to || query.from < query.to, {
    message: "must be later than from",
    path: ["to"],
  });

export type CostsQuery = z.infer<typeof costsQuery>;

export const costSums = z.object({
  calls: z.int(),
  inputTokens: z.int(),
  cachedTokens: z.int(),
  outputTokens: z.int(),
  thoughtTokens: z.int(),
  costUsd: usd,
  /** Upper bound of what calls with a lost answer may have cost. */
  unknownUsd: usd,
});

export type CostSums = z.infer<typeof costSums>;

/** What the current UTC month will have cost at its end, by the filters of the query. */
export const costForecast = z.object({
  /** `2026-11` */
  month: z.string(),
  /** By the calls of this month that have ended so far, exactly. */
  spentUsd: usd,
  /** Rounded to cents. */
  forecastUsd: usd,
  /** In words. */
  method: z.string(),
});

export type CostForecast = z.infer<typeof costForecast>;

/**
 * Of calls that started in the period and have ended: those under way come in when they end, in the UTC day of
 * their start. `total` is the sum of the rows to the last digit.
 */
export const costs = z.object({
  rows: z.array(costSums.extend({ key: z.string() })),
  total: costSums,
  /** Where the period contains the present; not in CSV. */
  forecast: costForecast.optional(),
});

export type Costs = z.infer<typeof costs>;
