import { z } from "zod";
import { bucket } from "./creator.ts";
import { usd } from "./money.ts";

export const planUsages = ["billed", "included"] as const;

export const planName = z
  .string()
  .regex(/^[a-z0-9_-]{1,32}$/, "must be 1 to 32 lower-case letters, digits, '_' or '-'");

/** Body of `PUT /api/ai/admin/plans/{name}`: the whole plan. */
export const planUpdate = z.strictObject({
  priceUsd: z
    .string()
    .regex(/^\d{1,12}(\.\d{1,2})?$/, 'must be a decimal string in USD of whole cents, such as "12.50"')
    .describe("A month, whatever is used, in whole cents."),
  quotaUsd: usd.nullable().describe("Spend a month; null is no quota."),
  bucket,
  weight: z.int().min(1).max(1_000_000).describe("Share where capacity is scarce, against the other plans."),
  usage: z
    .enum(planUsages)
    .describe("Whether what calls cost is charged beside the price, or contained in it."),
});

export type PlanUpdate = z.infer<typeof planUpdate>;

export const plan = planUpdate.extend({
  name: z.string(),
  validFrom: z.iso.datetime().describe("Since when these terms apply."),
});

export type Plan = z.infer<typeof plan>;

/** Terms that were in force before: `validFrom` is included, `validTo` is not. */
export const pastPlan = plan.extend({ validTo: z.iso.datetime() });

export type PastPlan = z.infer<typeof pastPlan>;
