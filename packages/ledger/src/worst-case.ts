import { modelSchemaOf, type ServiceTier } from "@understudy/contracts";
import type { Decimal } from "decimal.js";
import type { z } from "zod";
import { holdFor } from "./hold.ts";
import { capabilitiesOf, planThinking, type ThinkingSetting } from "./model-capabilities.ts";
import { Money } from "./money.ts";
import type { Price, PriceBook } from "./price-book.ts";

/** What a prompt is made of: its parts, or, where nobody has worded them yet, what they come to. */
type Prompt = { system: string; jsonSchema?: object } & ({ parts: string[] } | PlannedParts);

interface PlannedParts {
  /** Most bytes that its parts add to the prompt, with what the protocol adds around each. */
  partsBytesMax: number;
}

/** What bounds the cost of a request to the model. */
export type BoundedRequest = Prompt & OutputBounds;

interface OutputBounds {
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
export interface PlannedCall extends PlannedParts, OutputBounds {
  system: string;
  /** Its key within the job. */
  step: string;
  model?: string;
  /** Called instead while the model can't be; counts where it has a price and is dearer. */
  fallbackModel?: string;
  serviceTier?: ServiceTier;
  output?: z.ZodObject;
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
export function outputLimits(model: string, request: OutputBounds): OutputLimits {
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
export function promptTokensMax(prompt: Prompt): number {
  const schemaBytes = prompt.jsonSchema ? bytesOf(prompt.jsonSchema) : 0;
  return schemaBytes + tokensPerPart + partBytes(prompt.system) + partsBytes(prompt);
}

function partsBytes(prompt: Prompt): number {
  if ("partsBytesMax" in prompt) return prompt.partsBytesMax;
  return prompt.parts.reduce((sum, part) => sum + partBytes(part), 0);
}

function partBytes(text: string): number {
  return Buffer.byteLength(text) + tokensPerPart;
}

/** Kept: an agent's schema stays the same. */
const schemaSizes = new WeakMap<object, number>();

function bytesOf(jsonSchema: object): number {
  const bytes = schemaSizes.get(jsonSchema) ?? Buffer.byteLength(JSON.stringify(jsonSchema));
  schemaSizes.set(jsonSchema, bytes);
  return bytes;
}
