import { z } from "zod";
import { creatorId } from "./ids.ts";
import { usd } from "./money.ts";
import { day, timeWithOffset } from "./time.ts";

export const costGroupings = ["day", "creator", "agent", "model", "feature"] as const;
export type CostGrouping = (typeof costGroupings)[number];

/** A day (`2026-11-22`, from 00:00 UTC) or a time with its offset. */
const moment = z.union([day, timeWithOffset]).transform((text) => new Date(text));

const costFilters = z.strictObject({
  from: moment.optional(),
  to: moment.optional(),
  creatorId: creatorId.optional(),
  /** The agent's id on its calls, such as `messaging_ai`. */
  agent: z.string().min(1).max(64).optional(),
  model: z.string().min(1).max(100).optional(),
  feature: z.string().min(1).max(64).optional(),
});

function withOrderedPeriod<Query extends typeof costFilters>(query: Query) {
  return query.refine(({ from, to }) => !from || !to || from < to, {
    message: "must be later than from",
    path: ["to"],
  });
}

/** Query of `GET /api/ai/admin/costs`. `from` is included, `to` is not; the current UTC month by default. */
export const costsQuery = withOrderedPeriod(
  costFilters.extend({ groupBy: z.enum(costGroupings).default("day") }),
);

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

/** What a bar of a day can be made of. */
export const costStacks = ["agent", "model", "creator", "feature"] as const;
export type CostStack = (typeof costStacks)[number];

/** Query of `GET /api/ai/admin/costs/series`: as for the costs, with `stackBy` in place of `groupBy`. */
export const costSeriesQuery = withOrderedPeriod(
  costFilters.extend({ stackBy: z.enum(costStacks).default("agent") }),
);

export type CostSeriesQuery = z.infer<typeof costSeriesQuery>;

/** Spend by UTC day, each day made of the dearest keys of the period and the rest. */
export const costSeries = z.object({
  /** UTC days with calls, in order: `2026-11-22`. */
  days: z.array(z.string()),
  /** The dearest first, seven at most; `costsUsd` has one amount for each day. */
  series: z.array(z.object({ key: z.string(), costsUsd: z.array(usd), totalUsd: usd })),
  /** All others together, where there are more. */
  others: z.object({ keys: z.int(), costsUsd: z.array(usd), totalUsd: usd }).optional(),
  /** The sum of all to the last digit: the `costUsd` of the total that `GET /api/ai/admin/costs` gives. */
  totalUsd: usd,
});

export type CostSeries = z.infer<typeof costSeries>;

/** Query of `GET /api/ai/admin/costs/efficiency`. */
export const costEfficiencyQuery = withOrderedPeriod(costFilters);

export type CostEfficiencyQuery = z.infer<typeof costEfficiencyQuery>;

/** What of the costs of a period bought nothing, what caching saved, and what thinking took. */
export const costEfficiency = z.object({
  /** Of ended calls that started in the period. */
  costUsd: usd,
  /** Calls of jobs that failed or were cancelled. */
  failedUsd: usd,
  /** Calls of jobs that Gemini blocked. */
  blockedUsd: usd,
  /** Calls of other jobs whose step had to be called again: their answer was not used. */
  retriedUsd: usd,
  /** Upper bound of what calls with a lost answer may have cost; not part of `costUsd`. */
  unknownUsd: usd,
  /** What cached input would have cost more, had it not been cached. */
  cacheSavedUsd: usd,
  /** What thoughts cost: they are billed as output. */
  thoughtsUsd: usd,
  inputTokens: z.int(),
  cachedTokens: z.int(),
  outputTokens: z.int(),
  thoughtTokens: z.int(),
});

export type CostEfficiency = z.infer<typeof costEfficiency>;
