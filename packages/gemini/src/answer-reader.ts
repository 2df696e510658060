import type { GenerateContentResponse } from "@google/genai";
import type { Provider, ServiceTier } from "@understudy/contracts";
import { readUsage } from "@understudy/ledger";
import { z } from "zod";
import { providerOf, requestIdOf, servedTier } from "./exchange-headers.ts";
import { type Generation, isCutOff, type LossReason } from "./generation.ts";
import type { Exchange } from "./http-exchange.ts";
import { mergeUsage } from "./merged-usage.ts";
import { StorablePieces, storable, storableValue } from "./storable.ts";

/** What the reader must know of the request to read its answer. */
export interface AskedFor {
  serviceTier: ServiceTier;
  /** A structured output: where it is cut off before its first word, it may be repaired. */
  isStructured: boolean;
  /** Who answers at the address that was asked. */
  provider: Provider;
}

/** Source: ai.google.dev/api/generate-content, SafetyRating. */
const safetyRating = z.object({
  category: z.string().regex(/^[A-Z_]{1,64}$/),
  probability: z.string().optional(),
  blocked: z.boolean().optional(),
});

const modelName = /^[\w./-]{1,128}$/;

/**
 * Puts an answer together from its chunks; one that is not streamed is one chunk, and judged by the same rule.
 * Only STOP and a limit that was reached end an answer well: every other reason, known or new, is a refusal.
 */
export class AnswerReader {
  #text = "";
  readonly #pieces = new StorablePieces();
  #finishReason: string | undefined;
  #promptBlockReason: string | undefined;
  #ratings: unknown[] = [];
  #usage: unknown = null;
  #modelVersion: string | undefined;
  #responseId: string | undefined;

  /** @returns the text that the chunk adds, thoughts left out */
  add(chunk: GenerateContentResponse): string {
    const candidate = chunk.candidates?.[0];
    const text = this.#pieces.add(
      (candidate?.content?.parts ?? [])
        .filter((part) => !part.thought)
        .map((part) => part.text ?? "")
        .join(""),
    );
    this.#text += text;
    this.#finishReason = reasonOf(candidate?.finishReason) ?? this.#finishReason;
    this.#promptBlockReason = promptBlockReasonOf(chunk) ?? this.#promptBlockReason;
    this.#ratings.push(...(candidate?.safetyRatings ?? []), ...(chunk.promptFeedback?.safetyRatings ?? []));
    this.#usage = mergeUsage(this.#usage, chunk.usageMetadata);
    if (modelName.test(chunk.modelVersion ?? "")) this.#modelVersion = chunk.modelVersion;
    this.#responseId = chunk.responseId ?? this.#responseId;
    return text;
  }

  /** Of all that came until now; null where none has. */
  get usage(): unknown {
    return storableValue(this.#usage);
  }

  /** What the provider calls the answer; undefined until it has said so. */
  get responseId(): string | undefined {
    return this.#responseId;
  }

  /** Gemini has said how it ends: an answer that closes before that was cut off, or is none. */
  get isWhole(): boolean {
    return (this.#finishReason ?? this.#promptBlockReason) !== undefined;
  }

  /** It has also said what it costs, so that whatever breaks afterwards takes nothing away. */
  get isPaidFor(): boolean {
    return this.isWhole && (this.#isPromptBlocked || readUsage(this.#usage) !== undefined);
  }

  /** @param lostTo why an answer that is not whole was lost */
  generation(
    exchange: Exchange | undefined,
    { serviceTier, isStructured, provider }: AskedFor,
    lostTo: LossReason = "connection",
  ): Generation {
    if (!this.isWhole) return { kind: "lost", reason: lostTo, usage: this.usage };
    const text = this.#text + this.#pieces.end();
    const finishReason = this.#finishReason;
    const blockReason = this.#promptBlockReason ?? refusalOf(finishReason, text, isStructured);
    const harmCategories = blockReason === undefined ? [] : this.#harmCategories();
    const requestId = requestIdOf(exchange, this.#responseId);
    return {
      kind: "answered",
      text,
      ...(finishReason && { finishReason }),
      ...(blockReason && { blockReason }),
      ...(this.#isPromptBlocked && { isPromptBlocked: true }),
      ...(harmCategories.length > 0 && { harmCategories }),
      usage: this.usage,
      ...(this.#modelVersion && { modelVersion: this.#modelVersion }),
      serviceTier: servedTier(this.#usage, exchange) ?? serviceTier,
      provider: providerOf(exchange, provider),
      ...(requestId && { requestId }),
    };
  }

  get #isPromptBlocked(): boolean {
    return this.#promptBlockReason !== undefined && this.#finishReason === undefined && this.#text === "";
  }

  /** Those for which Gemini blocked; where it marks none so, those that it holds for most probable. */
  #harmCategories(): string[] {
    const ratings = this.#ratings.flatMap((rating) => safetyRating.safeParse(rating).data ?? []);
    const blocked = ratings.filter((rating) => rating.blocked);
    const named = blocked.length > 0 ? blocked : ratings.filter((rating) => rating.probability === "HIGH");
    return [...new Set(named.map((rating) => rating.category))];
  }
}

/** Most characters of a reason: the longest that is known has 25. */
const reasonLengthMax = 64;

/** The zero of Google's enums says nothing; some proxies send it with each chunk. */
const unspecified = /_UNSPECIFIED$/;

function reasonOf(reason: unknown): string | undefined {
  if (typeof reason !== "string" || reason === "" || unspecified.test(reason)) return undefined;
  return storable(reason.slice(0, reasonLengthMax));
}

function promptBlockReasonOf({ promptFeedback, candidates }: GenerateContentResponse): string | undefined {
  const { blockReason, blockReasonMessage } = promptFeedback ?? {};
  // Also without a name for it: why a prompt was blocked is told of those alone that were.
  const isBlocked = Boolean(blockReasonMessage || (blockReason && !candidates?.length));
  return reasonOf(blockReason) ?? (isBlocked ? "BLOCK_REASON_UNSPECIFIED" : undefined);
}

/** Why an answer that ended so is none; undefined where it is one. */
function refusalOf(
  finishReason: string | undefined,
  text: string,
  isStructured: boolean,
): string | undefined {
  const hasText = text.trim() !== "";
  if (isCutOff(finishReason)) return hasText || isStructured ? undefined : finishReason;
  if (finishReason === "STOP") return hasText ? undefined : "NO_TEXT";
  return finishReason;
}
