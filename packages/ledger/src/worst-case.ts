import { modelSchemaOf, type ServiceTier } from "@understudy/contracts";
import type { Decimal } from "decimal.js";
import type { z } from "zod";
import { holdFor } from "./hold.ts";
import { capabilitiesOf, planThinking, type ThinkingSetting } from "./model-capabilities.ts";
import { Money } from "./money.ts";
import type { Price, PriceBook } from "./price-book.ts";

/** What bounds the cost of a request to the model. */
export interface BoundedRequest {
  system: string;
  parts: string[];
  jsonSchema?: object;
  /** Most bytes of further parts that are not known yet. */
  laterBytesMax?: number;
  /** Most tokens of the answer, thoughts not counted. */
  maxOutputTokens: number;
  /** Most tokens of thoughts; as few as the model can do unless given. */
  thinkingBudget?: number;
}

/** The worst that a request can cost at a price, in USD: what is held for it. */
export function worstCaseUsd(price: Price, request: BoundedRequest): Decimal {
  return holdFor(price, promptTokensMax(request), outputLimits(price.model, request).billedTokensMax);
}

/** The same where it is not yet known at which of the prices it will be made: at the dearest. */
export function dearestWorstCaseUsd(prices: readonly [Price, ...Price[]], request: BoundedRequest): Decimal {
  const [only, ...others] = prices;
  if (others.length === 0) return worstCaseUsd(only, request);
  return Money.max(...prices.map((price) => worstCaseUsd(price, request)));
}

/** A request that will be made, as far as its cost goes. */
export interface PlannedCall extends Omit<BoundedRequest, "jsonSchema"> {
  /** Its key within the job. */
  step: string;
  model?: string;
  /** Called instead while the model can't be; counts where it has a price and is dearer. */
  fallbackModel?: string;
  serviceTier?: ServiceTier;
  output?: z.ZodObject;
  /** Most bytes of what is known only when it is made, such as the conversation so far. */
  laterBytesMax?: number;
}

/**
 * The worst case of each planned call, in USD, by its step.
 * @param defaultModel of calls that name none
 * @returns also the model of the first that has no price, and so no worst case
 */
export async function worstCasesOf(
  prices: PriceBook,
  calls: readonly PlannedCall[],
  defaultModel: string,
): Promise<{ byStep: Map<string, Decimal>; unknownModel?: string }> {
  const byStep = new Map<string, Decimal>();
  const now = new Date();
  for (const call of calls) {
    const { step, model = defaultModel, fallbackModel, serviceTier = "standard", output } = call;
    const price = await prices.priceOf(model, serviceTier, now);
    if (!price) return { byStep, unknownModel: model };
    const fallback = fallbackModel && (await prices.priceOf(fallbackModel, serviceTier, now));
    const bounded = output ? { ...call, jsonSchema: modelSchemaOf(output) } : call;
    byStep.set(step, dearestWorstCaseUsd(fallback ? [price, fallback] : [price], bounded));
  }
  return { byStep };
}

/** What bounds a request's output, in tokens, as it is sent and as it is held. */
export interface OutputLimits {
  /** As sent: room for the answer, and for thoughts. */
  maxOutputTokens: number;
  /** As sent; undefined where the model has no such setting. */
  thinking: ThinkingSetting | undefined;
  /** Most that can be billed, thoughts counted. */
  billedTokensMax: number;
}

/** The room for thoughts gives way where the model has no more output, the answer does not. */
export function outputLimits(
  model: string,
  request: Pick<BoundedRequest, "maxOutputTokens" | "thinkingBudget">,
): OutputLimits {
  const { setting, roomTokens, isRoomBeside } = planThinking(model, request.thinkingBudget);
  const { outputTokensMax } = capabilitiesOf(model);
  const answerTokens = request.maxOutputTokens;
  const maxOutputTokens = Math.max(answerTokens, Math.min(answerTokens + roomTokens, outputTokensMax));
  const billedTokensMax = isRoomBeside ? maxOutputTokens + roomTokens : maxOutputTokens;
  return { maxOutputTokens, thinking: setting, billedTokensMax };
}

/** Room for what the protocol itself adds around each part: roles and separators. */
const tokensPerPart = 16;

/**
 * An upper bound of a prompt's tokens: its bytes in UTF-8, since no token is shorter than a byte.
 * countTokens would be closer, but costs a request.
 */
export function promptTokensMax(
  prompt: Pick<BoundedRequest, "system" | "parts" | "jsonSchema" | "laterBytesMax">,
): number {
  const schemaBytes = prompt.jsonSchema ? bytesOf(prompt.jsonSchema) : 0;
  let tokens = (prompt.laterBytesMax ?? 0) + schemaBytes + tokensPerPart;
  for (const text of [prompt.system, ...prompt.parts]) tokens += Buffer.byteLength(text) + tokensPerPart;
  return tokens;
}

/** Kept: an agent's schema stays the same. */
const schemaSizes = new WeakMap<object, number>();

function bytesOf(jsonSchema: object): number {
  const bytes = schemaSizes.get(jsonSchema) ?? Buffer.byteLength(JSON.stringify(jsonSchema));
  schemaSizes.set(jsonSchema, bytes);
  return bytes;
}
