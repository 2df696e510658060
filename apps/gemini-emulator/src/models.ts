import { GeminiError } from "./gemini-error.ts";

export const METHODS = [
  "generateContent",
  "streamGenerateContent",
  "countTokens",
  "embedContent",
  "batchEmbedContents",
] as const;
export type Method = (typeof METHODS)[number];

export const THINKING_LEVELS = ["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"] as const;
export type ThinkingLevel = (typeof THINKING_LEVELS)[number];

/** How a model of before Gemini 3 thinks: as many tokens as `thinkingBudget` allows. */
export interface BudgetThinking {
  by: "budget";
  /** Thinks when the request gives no budget. */
  byDefault: boolean;
  /** A budget of 0 is allowed. */
  canBeOff: boolean;
  minBudget: number;
  maxBudget: number;
}

/** How a model since Gemini 3 thinks: as much as `thinkingLevel` says, and never not at all. */
export interface LevelThinking {
  by: "level";
  levels: readonly ThinkingLevel[];
  byDefault: ThinkingLevel;
  /**
   * What becomes of a `thinkingBudget`: the older ones take it for a hint, which they overshoot freely, and 3.5-flash
   * takes 0 for no thoughts; the newer ones refuse it.
   */
  budget: "hint, also of 0" | "hint" | "refused";
}

export type Thinking = BudgetThinking | LevelThinking;

export interface Model {
  /** The normalized id: no `models/`, no `-001` of a generation model, aliases resolved. */
  id: string;
  purpose: "generate" | "embed";
  thinking: Thinking | null;
  /** From so many tokens on a prompt's start that was seen before is billed as cached; null: never. */
  cacheFrom: number | null;
  inputTokensMax: number;
  outputTokensMax: number;
  /** Its answers to embeddings tell their usage. */
  tellsEmbeddingUsage: boolean;
}

const BUDGET = { by: "budget", byDefault: true, canBeOff: true, minBudget: 1, maxBudget: 24_576 } as const;
const FLASH_LEVELS = ["MINIMAL", "LOW", "MEDIUM", "HIGH"] as const;
const PRO_LEVELS = ["LOW", "MEDIUM", "HIGH"] as const;
const XHIGH_LEVELS = ["LOW", "MEDIUM", "HIGH", "XHIGH"] as const;

function leveled(
  levels: LevelThinking["levels"],
  byDefault: ThinkingLevel,
  budget: LevelThinking["budget"],
): LevelThinking {
  return { by: "level", levels, byDefault, budget };
}

function generates(id: string, cacheFrom: number | null, thinking: Thinking | null): Model {
  return {
    id,
    purpose: "generate",
    thinking,
    cacheFrom,
    inputTokensMax: 1_048_576,
    outputTokensMax: thinking === null ? 8_192 : 65_536,
    tellsEmbeddingUsage: false,
  };
}

function embeds(id: string, tellsEmbeddingUsage: boolean): Model {
  return {
    id,
    purpose: "embed",
    thinking: null,
    cacheFrom: null,
    // Gemini cuts longer texts off; here they are taken whole.
    inputTokensMax: 1_048_576,
    outputTokensMax: 0,
    tellsEmbeddingUsage,
  };
}

/**
 * Limits, thinking and caching after Google's pages (ai.google.dev/gemini-api/docs: models, thinking, caching; copies
 * of 2026-10 and -11). Caching names no minimum for Flash-Lite and 3-flash-preview: theirs is that of their generation.
 */
const MODELS: ReadonlyMap<string, Model> = new Map(
  [
    generates("gemini-2.0-flash-exp", null, null),
    generates("gemini-2.5-flash", 2_048, BUDGET),
    generates("gemini-2.5-flash-lite", 2_048, { ...BUDGET, byDefault: false, minBudget: 512 }),
    generates("gemini-2.5-pro", 2_048, { ...BUDGET, canBeOff: false, minBudget: 128, maxBudget: 32_768 }),
    generates("gemini-3-flash-preview", 4_096, leveled(FLASH_LEVELS, "HIGH", "hint")),
    // Its default was not read: that of the next Flash-Lite.
    generates("gemini-3.1-flash-lite", 4_096, leveled(FLASH_LEVELS, "MINIMAL", "hint")),
    generates("gemini-3.1-pro-preview", 4_096, leveled(PRO_LEVELS, "HIGH", "hint")),
    generates("gemini-3.5-flash", 4_096, leveled(FLASH_LEVELS, "MEDIUM", "hint, also of 0")),
    generates("gemini-3.5-flash-lite", 4_096, leveled(FLASH_LEVELS, "MINIMAL", "hint")),
    generates("gemini-3.6-flash", 4_096, leveled(FLASH_LEVELS, "MEDIUM", "hint")),
    generates("gemini-3.7-flash", 4_096, leveled(PRO_LEVELS, "MEDIUM", "refused")),
    generates("gemini-3.8-flash", 4_096, leveled(PRO_LEVELS, "MEDIUM", "refused")),
    generates("gemini-4-argon", 4_096, leveled(PRO_LEVELS, "MEDIUM", "refused")),
    generates("gemini-4-carbon", 4_096, leveled(PRO_LEVELS, "MEDIUM", "refused")),
    generates("gemini-4-hydrogen", 4_096, leveled(XHIGH_LEVELS, "HIGH", "refused")),
    generates("gemini-4-neon", 4_096, leveled(XHIGH_LEVELS, "HIGH", "refused")),
    embeds("gemini-embedding-001", false),
    embeds("gemini-embedding-2", true),
  ].map((model) => [model.id, model]),
);

/** What Google has shut down, and what it names instead. */
const SUCCESSORS: ReadonlyMap<string, string> = new Map([
  ["gemini-2.0-flash", "gemini-3.8-flash"],
  ["gemini-2.0-flash-lite", "gemini-3.8-flash"],
  ["gemini-3-pro-preview", "gemini-3.1-pro-preview"],
  ["gemini-3.1-flash-lite-preview", "gemini-3.1-flash-lite"],
  ["text-embedding-004", "gemini-embedding-2"],
]);

function successorOf(id: string): string | undefined {
  if (/^gemini-2\.5-.*\bpreview\b/.test(id)) return "gemini-3.8-flash";
  return SUCCESSORS.get(id);
}

/** Google moves these from time to time; what they mean here is said by each answer's `modelVersion`. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["gemini-flash-latest", "gemini-3.8-flash"],
  ["gemini-flash-lite-latest", "gemini-3.5-flash-lite"],
  ["gemini-pro-latest", "gemini-3.1-pro-preview"],
]);

/** The normalized id of a model's name, known or not: `models/gemini-2.5-flash-001` is `gemini-2.5-flash`. */
export function normalizeModelId(name: string): string {
  const bare = name.replace(/^(?:models\/)+/, "");
  if (MODELS.has(bare)) return bare;
  const id = bare.replace(/-001$/, "");
  return ALIASES.get(id) ?? id;
}

/** @throws GeminiError 404 when there is no such model any more or at all, or it cannot do what is asked */
export function findModel(name: string, method: Method, apiVersion: string): Model {
  const id = normalizeModelId(name);
  const model = MODELS.get(id);
  const embeds = method === "embedContent" || method === "batchEmbedContents";
  const fits = model && (method === "countTokens" || (model.purpose === "embed") === embeds);
  if (fits) return model;
  const shown = `models/${name.replace(/^(?:models\/)+/, "").slice(0, 200)}`;
  const successor = successorOf(id);
  throw new GeminiError(
    404,
    successor === undefined
      ? `${shown} is not found for API version ${apiVersion}, or is not supported for ${method}. Call ListModels to see the list of available models and their supported methods.`
      : `This model ${shown} is no longer available. Please update your code to use models/${successor} for the latest features and improvements.`,
  );
}
