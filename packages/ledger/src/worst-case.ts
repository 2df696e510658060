import type { ModelCapabilities } from "@understudy/contracts";
import type { Decimal } from "decimal.js";
import { holdFor } from "./hold.ts";
import type { Price } from "./price-book.ts";
import { planThinking, type ThinkingSetting } from "./thinking.ts";

/** What a prompt is made of: its parts, or, where nobody has worded them yet, what they come to. */
type Prompt = { system: string; jsonSchema?: object } & ({ parts: string[] } | PlannedParts);

export interface PlannedParts {
  /** Most bytes that its parts add to the prompt, with what the protocol adds around each. */
  partsBytesMax: number;
}

/** What bounds the cost of a request to the model. */
export type BoundedRequest = Prompt & OutputBounds;

export interface OutputBounds {
  /** Most tokens of the answer, thoughts not counted. */
  maxOutputTokens: number;
  /** Most tokens of thoughts; as few as the model can do unless given. */
  thinkingBudget?: number;
}

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

/** The worst that a request can cost where it is sent to that model, in USD, whoever answers. */
export function worstCaseUsd(candidate: Candidate, request: BoundedRequest): Decimal {
  return dearestOf(candidate, promptTokensMax(request), request);
}

/** The same where it is not yet known to which of the models it will be sent: of the dearest. */
export function dearestWorstCaseUsd(
  candidates: readonly [Candidate, ...Candidate[]],
  request: BoundedRequest,
): Decimal {
  const promptTokens = promptTokensMax(request);
  return candidates.map((candidate) => dearestOf(candidate, promptTokens, request)).reduce(dearer);
}

/** The worst that the prompt alone can cost there, in USD. */
export function promptWorstCaseUsd({ prices }: Candidate, request: BoundedRequest): Decimal {
  const promptTokens = promptTokensMax(request);
  return prices.map((price) => holdFor(price, promptTokens, 0)).reduce(dearer);
}

function dearestOf(
  { prices, capabilities }: Candidate,
  promptTokens: number,
  request: OutputBounds,
): Decimal {
  const { billedTokensMax } = outputLimits(capabilities, request);
  return prices.map((price) => holdFor(price, promptTokens, billedTokensMax)).reduce(dearer);
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
export function outputLimits(capabilities: ModelCapabilities, request: OutputBounds): OutputLimits {
  const { setting, roomTokens, isRoomBeside } = planThinking(capabilities, request.thinkingBudget);
  const { outputTokensMax: streamedMax, unaryOutputTokensMax = streamedMax } = capabilities;
  const outputTokensMax = Math.min(streamedMax, unaryOutputTokensMax);
  const answerTokens = request.maxOutputTokens;
  const maxOutputTokens = Math.min(answerTokens + roomTokens, outputTokensMax);
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
