import { z } from "zod";
import { usd } from "./money.ts";

/** In percent of a creator's quota: that they are reached is told, once a month each. */
export const quotaThresholds = [50, 80, 95, 100] as const;

/** What `GET /api/ai/creators/{id}/quota` tells of the current UTC month. */
export const quota = z.object({
  plan: z.string(),
  periodStart: z.iso.datetime(),
  resetsAt: z.iso.datetime(),
  quotaUsd: usd.nullable().describe("The one in force: the creator's own, else the plan's; null is none."),
  spentUsd: usd,
  heldUsd: usd.describe("Reserved for calls under way."),
  unknownUsd: usd.describe("Upper bound of what calls with a lost answer may have cost; counts as used."),
  remainingUsd: usd.nullable().describe("What is neither spent, held nor unknown; null without a quota."),
  percentUsed: z
    .number()
    .describe("Spent and unknown, in percent of the quota with two decimals; 0 without a quota."),
});

export type Quota = z.infer<typeof quota>;

/** Body of `POST /api/ai/admin/spending`. */
export const spendingUpdate = z.strictObject({ stopped: z.boolean() });

/** The switch that stops all spending: while it is on, no call is made, and jobs wait. */
export const spending = z.object({ stopped: z.boolean(), changedAt: z.iso.datetime() });

export type Spending = z.infer<typeof spending>;
