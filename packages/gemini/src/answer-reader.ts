import type { GenerateContentResponse } from "@google/genai";
import type { ServiceTier } from "@understudy/contracts";
import { z } from "zod";
import { providerOf, servedTier } from "./exchange-headers.ts";
import type { Generation } from "./generation.ts";
import type { Exchange } from "./lean-fetch.ts";
import { StorablePieces, storable, storableValue } from "./storable.ts";

/** Finish reasons that are a refusal. Source: ai.google.dev/api/generate-content, FinishReason. */
const refusals = new Set(["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"]);

/** Source: ai.google.dev/api/generate-content, SafetyRating. */
const safetyRating = z.object({
  category: z.string().regex(/^[A-Z_]{1,64}$/),
  probability: z.string().optional(),
  blocked: z.boolean().optional(),
});

const modelName = z.string().regex(/^[\w./-]{1,128}$/);

/** Puts an answer together from its chunks; one that is not streamed is one chunk. */
export class AnswerReader {
  #text = "";
  readonly #pieces = new StorablePieces();
  #finishReason: string | undefined;
  #promptBlockReason: string | undefined;
  #ratings: unknown[] = [];
  #usage: unknown = null;
  #modelVersion: string | undefined;

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
    this.#promptBlockReason = reasonOf(chunk.promptFeedback?.blockReason) ?? this.#promptBlockReason;
    this.#ratings.push(...(candidate?.safetyRatings ?? []), ...(chunk.promptFeedback?.safetyRatings ?? []));
    // Each chunk's usage counts all before it as well.
    this.#usage = storableValue(chunk.usageMetadata) ?? this.#usage;
    this.#modelVersion = modelName.safeParse(chunk.modelVersion).data ?? this.#modelVersion;
    return text;
  }

  /** The last that came, of all that came until then; null where none has. */
  get usage(): unknown {
    return this.#usage;
  }

  /** Gemini has said how it ends: a stream that closes before that was cut off. */
  get isWhole(): boolean {
    return (this.#finishReason ?? this.#promptBlockReason) !== undefined;
  }

  generation(exchange: Exchange | undefined, requestedTier: ServiceTier): Generation {
    const finishReason = this.#finishReason;
    const blockReason =
      this.#promptBlockReason ?? (finishReason && refusals.has(finishReason) ? finishReason : undefined);
    const harmCategories = blockReason === undefined ? [] : this.#harmCategories();
    return {
      kind: "answered",
      text: this.#text + this.#pieces.end(),
      ...(finishReason && { finishReason }),
      ...(blockReason && { blockReason }),
      ...(harmCategories.length > 0 && { harmCategories }),
      usage: this.#usage,
      ...(this.#modelVersion && { modelVersion: this.#modelVersion }),
      serviceTier: servedTier(exchange) ?? requestedTier,
      provider: providerOf(exchange),
    };
  }

  /** Those for which Gemini blocked; where it marks none so, those that it holds for most probable. */
  #harmCategories(): string[] {
    const ratings = this.#ratings.flatMap((rating) => safetyRating.safeParse(rating).data ?? []);
    const blocked = ratings.filter((rating) => rating.blocked);
    const named = blocked.length > 0 ? blocked : ratings.filter((rating) => rating.probability === "HIGH");
    return [...new Set(named.map((rating) => rating.category))];
  }
}

function reasonOf(reason: string | undefined): string | undefined {
  return reason === undefined ? undefined : storable(reason);
}
