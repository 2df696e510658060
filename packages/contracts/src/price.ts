import { z } from "zod";
import { callStatuses, serviceTiers } from "./call.ts";
import { modelName } from "./model.ts";
import { usd } from "./money.ts";
import { timeWithOffset } from "./time.ts";

/**
 * USD for a million tokens, at most 6 digits on each side: a token then costs a whole number of picodollars,
 * and a call's cost, which is kept in picodollars, is never rounded.
 */
const usdPerMillion = usd.regex(
  /^(?!\d{7})(?!\d+\.\d{7})/,
  'must be USD for a million tokens with at most 6 digits on each side, such as "0.30"',
);

const longContext = z.strictObject({
  above: z
    .int()
    .min(1)
    .max(2_147_483_647)
    .describe("Prompts of more tokens than this reprice the whole call."),
  inputUsd: usdPerMillion,
  outputUsd: usdPerMillion,
  cachedUsd: usdPerMillion,
});

/** A provider as the registry names it. */
export const providerName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, "must be a provider's name, such as gemini");

export const regionClasses = ["global", "regional"] as const;

const instant = timeWithOffset.transform((text) => new Date(text));

/** Query of `GET /api/ai/admin/prices`. */
export const pricesQuery = z.strictObject({ model: modelName.optional() });

/** One row of `Price`: USD for a million tokens. */
export const price = z.object({
  provider: z.string(),
  model: z.string(),
  serviceTier: z.enum(serviceTiers),
  regionClass: z.enum(regionClasses).describe("The provider's endpoints that it is for."),
  validFrom: z.iso.datetime(),
  inForce: z.boolean().describe("It is what a call that begins now costs."),
  inputUsd: usd,
  outputUsd: usd,
  cachedUsd: usd.describe("Input that Gemini has cached."),
  audioInputUsd: usd,
  audioCachedUsd: usd,
  longContext: z.object({ above: z.int(), inputUsd: usd, outputUsd: usd, cachedUsd: usd }).nullable(),
  source: z.string().describe("Where the price was read."),
});

export type Price = z.infer<typeof price>;

/** `GET /api/ai/admin/prices`: by model and tier, the latest first. */
export const priceList = z.object({ items: z.array(price) });

/** Body of `POST /api/ai/admin/prices`: a new row. A row is never edited. */
export const newPrice = z.strictObject({
  provider: providerName.default("gemini"),
  model: modelName,
  serviceTier: z.enum(serviceTiers).default("standard"),
  regionClass: z.enum(regionClasses).default("global"),
  validFrom: instant
    .refine(
      (at) => at.getUTCFullYear() >= 2000 && at.getUTCFullYear() < 10_000,
      "must be in the years 2000 to 9999",
    )
    .optional()
    .describe("As soon as every process can know it, unless given."),
  inputUsd: usdPerMillion,
  outputUsd: usdPerMillion,
  cachedUsd: usdPerMillion,
  audioInputUsd: usdPerMillion.optional().describe("The text prices unless given."),
  audioCachedUsd: usdPerMillion.optional(),
  longContext: longContext.nullable().optional(),
  source: z
    .string()
    .trim()
    .min(1)
    .max(500)
    .refine(
      (text) => !/^https?:/i.test(text) || z.url({ protocol: /^https?$/ }).safeParse(text).success,
      "must be a whole address where it begins like one",
    ),
});

export type NewPrice = z.infer<typeof newPrice>;

/** Body of `POST /api/ai/admin/prices/quote`. */
export const quoteRequest = z.strictObject({
  model: modelName,
  serviceTier: z.enum(serviceTiers).default("standard"),
  usageMetadata: z
    .record(z.string(), z.unknown())
    .describe("As Gemini sends it; what costs nothing is let through."),
  at: instant
    .optional()
    .describe("When the call begins: decides between prices of different dates. Now unless given."),
});

export type QuoteRequest = z.infer<typeof quoteRequest>;

export const explanationLine = z.object({
  what: z.string().describe("What is paid for; says so where the rate is that of long context."),
  tokens: z.int().nullable().describe("Null where the amount was not worked out from tokens."),
  usdPerMillion: usd.nullable(),
  /** `tokens` × `usdPerMillion` / 1,000,000, exactly. */
  usd,
  source: z.string().describe("Where the price was read, or who said the amount."),
});

export type ExplanationLine = z.infer<typeof explanationLine>;

/** `totalUsd` is the sum of the lines to the last digit. */
export const explanation = z.object({
  lines: z.array(explanationLine),
  totalUsd: usd,
  estimated: z
    .boolean()
    .describe("The usage was missing or contradictory: the total is the upper bound of what it can be."),
});

/** Answer of `POST /api/ai/admin/prices/quote`. */
export const quote = explanation.extend({
  model: z.string(),
  serviceTier: z.enum(serviceTiers),
  validFrom: z.iso.datetime().describe("Of the price that applies."),
});

export type Quote = z.infer<typeof quote>;

/** `GET /api/ai/admin/calls/{id}/explain`: `totalUsd` is the call's `costUsd`, "0" while it has none. */
export const callExplanation = explanation.extend({
  callId: z.string(),
  status: z.enum(callStatuses),
  model: z.string(),
  serviceTier: z.enum(serviceTiers).describe("The tier that was served, else the one that was asked for."),
  unknownUsd: usd.describe("Upper bound of what an unknown call may have cost; else 0."),
  note: z.string().optional().describe("Why there are no lines."),
});

export type CallExplanation = z.infer<typeof callExplanation>;

/** Body of `POST /api/ai/admin/calls/{id}/settle`: what an unknown call cost, or that nobody pays for it. */
export const callSettlement = z
  .strictObject({
    costUsd: usd
      .regex(/^(?!\d{7})/, "must be below 1000000")
      .optional()
      .describe("Below 1,000,000: a single call can't cost that."),
    writeOff: z.literal(true).optional(),
  })
  .refine((body) => (body.costUsd === undefined) !== (body.writeOff === undefined), {
    message: "must have exactly one of costUsd and writeOff",
  });

export type CallSettlement = z.infer<typeof callSettlement>;
