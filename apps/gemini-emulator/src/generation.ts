import { composeAnswer } from "./answer.ts";
import { GeminiError } from "./gemini-error.ts";
import { hash } from "./hash.ts";
import { type ModelStatus, modelStatus, type Serving } from "./lifecycle.ts";
import { checkParameters, outputTokensMax } from "./parameters.ts";
import type { PromptCache } from "./prompt-cache.ts";
import type { GenerateRequest, GenerationConfig } from "./protocol.ts";
import { type Respond, ruleUsage } from "./rules.ts";
import { thoughtsTokens } from "./thinking.ts";
import { countPromptTokens, countTextTokens, cutToTokens, sumTokens } from "./tokens.ts";
import { type PromptUsage, type UsageMetadata, usageMetadata } from "./usage.ts";

/** What a model makes of one request, before it is put on the wire. */
export interface Generation {
  modelVersion: string;
  modelStatus: ModelStatus | undefined;
  /** The tier that serves it. */
  serviceTier: string;
  prompt: PromptUsage;
  text: string;
  /** Shown as a part of its own when the request asks for thoughts. */
  thoughts: string | null;
  thoughtsTokens: number;
  /** null: never said. */
  finishReason: string | null;
  blockReason: string | null;
  /** A rule's, instead of what was counted. */
  givenUsage: UsageMetadata | undefined;
}

/** Gemini gives no text, or stops giving it, for these. */
const TEXTLESS = new Set(["SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "LANGUAGE"]);

/** All that an answer depends on beside the request itself. */
export interface Circumstances {
  serving: Serving;
  streams: boolean;
  serviceTier: string;
  cache: PromptCache;
  rule: Respond | undefined;
  /** Takes what Google refuses. */
  lenient: boolean;
}

/** @throws GeminiError 400 for a setting that the model does not have, or a prompt that is too long */
export function generate(request: GenerateRequest, circumstances: Circumstances): Generation {
  const { serving, streams, serviceTier, cache, rule, lenient } = circumstances;
  const { served: model } = serving;
  const config = request.generationConfig;
  checkParameters(request, serving, { streams, lenient });
  const tokens = countPromptTokens(request);
  const promptTokens = sumTokens(tokens);
  if (promptTokens > model.inputTokensMax) {
    throw new GeminiError(
      400,
      `The input token count (${promptTokens}) exceeds the maximum number of tokens allowed (${model.inputTokensMax}).`,
    );
  }
  const thoughtsWanted = thoughtsTokens(model.thinking, config, promptTokens, inputHash(request));
  const cachedTokens =
    model.cacheFrom === null ? 0 : cache.useAndRemember(model.id, request, model.cacheFrom);
  const shared = {
    modelVersion: model.id,
    modelStatus: modelStatus(serving),
    serviceTier,
    prompt: { tokens, cachedTokens },
    givenUsage: ruleUsage(rule),
  };
  if (rule?.blockReason) {
    const nothing = { text: "", thoughts: null, thoughtsTokens: 0, finishReason: null };
    return { ...shared, ...nothing, blockReason: rule.blockReason };
  }
  const answer = rule?.text ?? ruledAnswer(composeAnswer(request), rule);
  const room = Math.min(
    config.maxOutputTokens ?? outputTokensMax(model, { streams, lenient }),
    model.sharesContext ? model.inputTokensMax - promptTokens : Number.POSITIVE_INFINITY,
  );
  const cut = cutToLimits(answer, thoughtsWanted, config, room);
  return {
    ...shared,
    ...cut,
    thoughts: config.thinkingConfig?.includeThoughts && cut.thoughtsTokens > 0 ? THOUGHTS : null,
    finishReason: rule?.finishReason === undefined ? cut.finishReason : rule.finishReason,
    blockReason: null,
  };
}

/** The usage after `textSoFar` has been generated. */
export function usageSoFar(generation: Generation, textSoFar: string): UsageMetadata {
  const { givenUsage, serviceTier, prompt, thoughtsTokens } = generation;
  const counted = () =>
    usageMetadata(prompt, { candidatesTokens: countTextTokens(textSoFar), thoughtsTokens });
  return { serviceTier, ...(givenUsage ?? counted()) };
}

const THOUGHTS = "**Reading the request**\n\nWho speaks, what they want, and what would be a fitting answer.";

/** A rule that only says how it finishes leaves as much text as Gemini would. */
function ruledAnswer(answer: string, rule: Respond | undefined): string {
  const reason = rule?.finishReason ?? "STOP";
  if (TEXTLESS.has(reason)) return "";
  return reason === "MAX_TOKENS" ? cutToTokens(answer, Math.floor(countTextTokens(answer) / 2)) : answer;
}

/** With these models `maxOutputTokens` caps thoughts and text together: thoughts can leave nothing. */
function cutToLimits(answer: string, thoughtsWanted: number, config: GenerationConfig, outputMax: number) {
  const thoughtsTokens = Math.min(thoughtsWanted, outputMax);
  const stopped = cutAtStopSequence(answer, config.stopSequences ?? []);
  const text = cutToTokens(stopped, outputMax - thoughtsTokens);
  return { text, thoughtsTokens, finishReason: text === stopped ? "STOP" : "MAX_TOKENS" };
}

function cutAtStopSequence(text: string, sequences: readonly string[]): string {
  const ends = sequences.map((sequence) => text.indexOf(sequence)).filter((at) => at >= 0);
  return ends.length > 0 ? text.slice(0, Math.min(...ends)) : text;
}

function inputHash(request: GenerateRequest): number {
  let value = 0;
  for (const content of request.contents) {
    for (const { text } of content.parts) if (text) value = hash(text.slice(0, 4_000), value);
  }
  return value;
}
