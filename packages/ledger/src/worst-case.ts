import { aroundPart, type ModelCapabilities, modelSchemaOf, type Step } from "@understudy/contracts";
import type { Decimal } from "decimal.js";
import { holdFor } from "./hold.ts";
import type { Price } from "./price-book.ts";
import { planThinking, type ThinkingSetting } from "./thinking.ts";

/** A model that a call may be sent to, and at what it may then be billed. */
export interface Candidate {
  /** As it is sent. */
  model: string;
  capabilities: ModelCapabilities;
  /** Its price, and that of whoever may answer in its place, each in force when the call begins. */
  prices: readonly [own: Price, ...others: Price[]];
  /** Who may answer in its place, as it was read. */
  routedTo: readonly string[];
}

/** How long an answer may be: as its step would have it, or as short as the step can do with. */
export type AnswerLength = "usual" | "least";

/** The worst that a step can cost where it is sent to that model, in USD, whoever answers. */
export function worstCaseUsd(
  { prices, capabilities }: Candidate,
  step: Step,
  promptTokens: number,
  length: AnswerLength = "usual",
): Decimal {
  const { billedTokensMax } = outputLimits(capabilities, step, length);
  return prices.map((price) => holdFor(price, promptTokens, billedTokensMax)).reduce(dearer);
}

/** The same where it is not yet known to which of the models it will be sent: of the dearest. */
export function dearestWorstCaseUsd(
  candidates: readonly [Candidate, ...Candidate[]],
  step: Step,
  promptTokens: number,
  length: AnswerLength = "usual",
): Decimal {
  return candidates.map((candidate) => worstCaseUsd(candidate, step, promptTokens, length)).reduce(dearer);
}

/** What a job must have room for to do a step: without what can be spared, and at its shortest answer. */
export function leastWorstCaseUsd(candidates: readonly [Candidate, ...Candidate[]], step: Step): Decimal {
  return dearestWorstCaseUsd(candidates, step, aroundParts(step) + step.partsBytesMax, "least");
}

/** The worst that the prompt alone can cost there, in USD. */
export function promptWorstCaseUsd({ prices }: Candidate, promptTokens: number): Decimal {
  return prices.map((price) => holdFor(price, promptTokens, 0)).reduce(dearer);
}

/** Compared, not made anew as `max` does: this is worked out for each job that is accepted. */
function dearer(one: Decimal, other: Decimal): Decimal {
  return other.gt(one) ? other : one;
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

/** Never more than the model has: the room for thoughts gives way first, then the answer, which is cut off. */
export function outputLimits(
  capabilities: ModelCapabilities,
  step: Pick<Step, "maxOutputTokens" | "leastOutputTokens" | "thinkingBudget">,
  length: AnswerLength = "usual",
): OutputLimits {
  const { maxOutputTokens: usualTokens, leastOutputTokens = usualTokens } = step;
  const answerTokens = length === "least" ? leastOutputTokens : usualTokens;
  // A step without a least has one length alone, and the room that belongs to it.
  const isLeast = answerTokens < usualTokens;
  const { setting, roomTokens, isRoomBeside } = planThinking(capabilities, step.thinkingBudget, isLeast);
  const { outputTokensMax: streamedMax, unaryOutputTokensMax = streamedMax } = capabilities;
  const outputTokensMax = Math.min(streamedMax, unaryOutputTokensMax);
  const maxOutputTokens = Math.min(answerTokens + roomTokens, outputTokensMax);
  const billedTokensMax = isRoomBeside ? maxOutputTokens + roomTokens : maxOutputTokens;
  return { maxOutputTokens, thinking: setting, billedTokensMax };
}

/**
 * An upper bound of a prompt's tokens: its bytes in UTF-8, and what the protocol adds. Gemini's tokenizer (SentencePiece; Google's
 * SDKs count by that of Gemma 3) falls back to bytes and normalises nothing, so no token is shorter than a byte, and
 * letters and digits in disorder come near to one each. countTokens would be closer, but costs a request.
 */
export function promptTokensMax(step: Step, parts: readonly string[]): number {
  return parts.reduce((sum, part) => sum + bytesOf(part) + aroundPart, aroundParts(step));
}

/** Instructions, schema and frame. */
function aroundParts({ system, output }: Step): number {
  const schemaBytes = output ? schemaBytesOf(modelSchemaOf(output)) : 0;
  return schemaBytes + aroundPart + bytesOf(system) + aroundPart;
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

/** Kept: an agent's schema stays the same. */
const schemaSizes = new WeakMap<object, number>();

function schemaBytesOf(jsonSchema: object): number {
  const bytes = schemaSizes.get(jsonSchema) ?? bytesOf(JSON.stringify(jsonSchema));
  schemaSizes.set(jsonSchema, bytes);
  return bytes;
}
