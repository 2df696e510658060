import { GeminiError } from "./gemini-error.ts";

export const METHODS = [
  "generateContent",
  "streamGenerateContent",
  "countTokens",
  "embedContent",
  "batchEmbedContents",
] as const;
export type Method = (typeof METHODS)[number];

/** How a model thinks before it answers. Budgets are in tokens. */
export interface Thinking {
  /** Thinks when the request gives no budget. */
  byDefault: boolean;
  /** A budget of 0 is allowed. */
  canBeOff: boolean;
  minBudget: number;
  maxBudget: number;
  /** `thinkingLevel` is understood beside `thinkingBudget`. */
  levels: boolean;
}

export interface Model {
  /** The normalized id: no `models/`, no `-001` of a generation model, aliases resolved. */
  id: string;
  purpose: "generate" | "embed";
  thinking: Thinking | null;
  /** A prompt's start that was seen before is billed as cached. */
  implicitCache: boolean;
  inputTokensMax: number;
  outputTokensMax: number;
}

const FLASH = { byDefault: true, canBeOff: true, minBudget: 1, maxBudget: 24_576, levels: false };
const FLASH_LITE = { byDefault: false, canBeOff: true, minBudget: 512, maxBudget: 24_576, levels: false };
const PRO = { byDefault: true, canBeOff: false, minBudget: 128, maxBudget: 32_768, levels: false };

function generates(id: string, thinking: Thinking | null): Model {
  return {
    id,
    purpose: "generate",
    thinking,
    implicitCache: thinking !== null,
    inputTokensMax: 1_048_576,
    outputTokensMax: thinking === null ? 8_192 : 65_536,
  };
}

/** Limits and thinking budgets after Google's model pages (ai.google.dev/gemini-api/docs/thinking). */
const MODELS: ReadonlyMap<string, Model> = new Map(
  [
    generates("gemini-2.0-flash-exp", null),
    generates("gemini-2.5-flash", FLASH),
    generates("gemini-2.5-flash-lite", FLASH_LITE),
    generates("gemini-2.5-pro", PRO),
    generates("gemini-3-flash-preview", { ...FLASH, levels: true }),
    generates("gemini-3.1-flash-lite", { ...FLASH_LITE, levels: true }),
    generates("gemini-3.1-pro-preview", { ...PRO, levels: true }),
    generates("gemini-3.5-flash", { ...FLASH, levels: true }),
    generates("gemini-3.8-flash", { ...FLASH, levels: true }),
    {
      id: "gemini-embedding-001",
      purpose: "embed",
      thinking: null,
      implicitCache: false,
      // Gemini cuts longer texts off; here they are taken whole.
      inputTokensMax: 1_048_576,
      outputTokensMax: 0,
    } satisfies Model,
  ].map((model) => [model.id, model]),
);

/** Google moves these from time to time; what they mean here is said by each answer's `modelVersion`. */
const ALIASES: Readonly<Record<string, string>> = {
  "gemini-flash-latest": "gemini-2.5-flash",
  "gemini-flash-lite-latest": "gemini-2.5-flash-lite",
  "gemini-pro-latest": "gemini-2.5-pro",
};

/** The normalized id of a model's name, known or not: `models/gemini-2.5-flash-001` is `gemini-2.5-flash`. */
export function normalizeModelId(name: string): string {
  const bare = name.replace(/^(?:models\/)+/, "");
  if (MODELS.has(bare)) return bare;
  const id = bare.replace(/-001$/, "");
  return ALIASES[id] ?? id;
}

/** @throws GeminiError 404 when there is no such model, or it cannot do what is asked */
export function findModel(name: string, method: Method, apiVersion: string): Model {
  const model = MODELS.get(normalizeModelId(name));
  const embeds = method === "embedContent" || method === "batchEmbedContents";
  const fits = model && (method === "countTokens" || (model.purpose === "embed") === embeds);
  if (fits) return model;
  throw new GeminiError(
    404,
    `models/${name.replace(/^(?:models\/)+/, "").slice(0, 200)} is not found for API version ${apiVersion}, or is not supported for ${method}. Call ListModels to see the list of available models and their supported methods.`,
  );
}
