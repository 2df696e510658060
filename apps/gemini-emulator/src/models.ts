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
  /** Of one answer that is not streamed. */
  unaryOutputTokensMax: number;
  /** Thoughts and answer take their room out of the input's. */
  sharesContext: boolean;
  /** Goes on where a request's last turn is the model's own. */
  takesModelTurn: boolean;
  /** Its answers to embeddings tell their usage. */
  tellsEmbeddingUsage: boolean;
  lifecycle: Lifecycle;
}

/** Days and months are UTC's, and begin at midnight: Google names no hours. */
export interface Lifecycle {
  releasedOn: string;
  /** New projects are refused it. */
  closedToNew?: boolean;
  deprecated?: boolean;
  retiresOn?: string;
  /** Named in the refusal from then on. */
  successor?: string;
  /** Who answers in its place, without a word but in `modelVersion`, and from when on. */
  routed?: { to: string; from: string };
}

const CONTEXT_TOKENS = 1_048_576;
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

function generates(
  id: string,
  cacheFrom: number | null,
  thinking: Thinking | null,
  lifecycle: Lifecycle,
  special: Partial<Model> = {},
): Model {
  const outputTokensMax = thinking === null ? 8_192 : 65_536;
  return {
    id,
    purpose: "generate",
    thinking,
    cacheFrom,
    inputTokensMax: CONTEXT_TOKENS,
    outputTokensMax,
    unaryOutputTokensMax: outputTokensMax,
    sharesContext: id.startsWith("gemini-4-"),
    takesModelTurn: true,
    tellsEmbeddingUsage: false,
    lifecycle,
    ...special,
  };
}

function embeds(
  id: string,
  inputTokensMax: number,
  tellsEmbeddingUsage: boolean,
  lifecycle: Lifecycle,
): Model {
  return {
    id,
    purpose: "embed",
    thinking: null,
    cacheFrom: null,
    // Gemini cuts longer texts off; the emulator takes them whole.
    inputTokensMax,
    outputTokensMax: 1,
    unaryOutputTokensMax: 1,
    sharesContext: false,
    takesModelTurn: true,
    tellsEmbeddingUsage,
    lifecycle,
  };
}

const NO_MODEL_TURN = { takesModelTurn: false };
const HALF_WHEN_UNARY = { ...NO_MODEL_TURN, unaryOutputTokensMax: 32_768 };
const PRO_PREVIEW = { releasedOn: "2026-02-19" };

/**
 * Limits, thinking, caching and lifecycle after Google's pages (ai.google.dev/gemini-api/docs: models, thinking, caching,
 * deprecations, changelog; copies of 2026-10 and -11), and the emulator's own: the product's registry is another reading
 * of them. Caching names no minimum for Flash-Lite and 3-flash-preview: theirs is that of their generation.
 */
export const MODELS: ReadonlyMap<string, Model> = new Map(
  [
    generates(
      "gemini-4-neon",
      4_096,
      leveled(XHIGH_LEVELS, "HIGH", "refused"),
      { releasedOn: "2026-11-18" },
      NO_MODEL_TURN,
    ),
    generates(
      "gemini-4-hydrogen",
      4_096,
      leveled(XHIGH_LEVELS, "HIGH", "refused"),
      { releasedOn: "2026-11-12" },
      NO_MODEL_TURN,
    ),
    generates(
      "gemini-4-carbon",
      4_096,
      leveled(PRO_LEVELS, "MEDIUM", "refused"),
      { releasedOn: "2026-11-10" },
      HALF_WHEN_UNARY,
    ),
    generates(
      "gemini-4-argon",
      4_096,
      leveled(PRO_LEVELS, "MEDIUM", "refused"),
      { releasedOn: "2026-10-13" },
      HALF_WHEN_UNARY,
    ),
    generates(
      "gemini-3.8-flash",
      4_096,
      leveled(PRO_LEVELS, "MEDIUM", "refused"),
      { releasedOn: "2026-09-02" },
      NO_MODEL_TURN,
    ),
    generates(
      "gemini-3.7-flash",
      4_096,
      leveled(PRO_LEVELS, "MEDIUM", "refused"),
      { releasedOn: "2026-08-13", deprecated: true, routed: { to: "gemini-3.8-flash", from: "2026-10-08" } },
      NO_MODEL_TURN,
    ),
    generates(
      "gemini-3.6-flash",
      4_096,
      leveled(FLASH_LEVELS, "MEDIUM", "hint"),
      { releasedOn: "2026-07-21" },
      NO_MODEL_TURN,
    ),
    generates(
      "gemini-3.5-flash-lite",
      4_096,
      leveled(FLASH_LEVELS, "MINIMAL", "hint"),
      { releasedOn: "2026-07-21" },
      NO_MODEL_TURN,
    ),
    generates("gemini-3.5-flash", 4_096, leveled(FLASH_LEVELS, "MEDIUM", "hint, also of 0"), {
      releasedOn: "2026-05-19",
      deprecated: true,
      routed: { to: "gemini-3.6-flash", from: "2026-10-08" },
    }),
    // Its default was not read: that of the next Flash-Lite.
    generates("gemini-3.1-flash-lite", 4_096, leveled(FLASH_LEVELS, "MINIMAL", "hint"), {
      releasedOn: "2026-05-07",
      retiresOn: "2027-05-07",
      successor: "gemini-3.5-flash-lite",
    }),
    generates("gemini-3.1-pro-preview", 4_096, leveled(PRO_LEVELS, "HIGH", "hint"), PRO_PREVIEW),
    generates("gemini-3.1-pro-preview-customtools", 4_096, leveled(PRO_LEVELS, "HIGH", "hint"), PRO_PREVIEW),
    generates("gemini-3-flash-preview", 4_096, leveled(FLASH_LEVELS, "HIGH", "hint"), {
      releasedOn: "2025-12-17",
    }),
    generates(
      "gemini-2.5-flash-lite",
      2_048,
      { ...BUDGET, byDefault: false, minBudget: 512 },
      { releasedOn: "2025-07-22", closedToNew: true, successor: "gemini-3.5-flash-lite" },
    ),
    generates("gemini-2.5-flash", 2_048, BUDGET, {
      releasedOn: "2025-06-17",
      closedToNew: true,
      deprecated: true,
      retiresOn: "2026-12-01",
      routed: { to: "gemini-3.5-flash-lite", from: "2026-12-01" },
    }),
    generates(
      "gemini-2.5-pro",
      2_048,
      { ...BUDGET, canBeOff: false, minBudget: 128, maxBudget: 32_768 },
      {
        releasedOn: "2025-06-17",
        closedToNew: true,
        deprecated: true,
        retiresOn: "2026-12-01",
        routed: { to: "gemini-3.8-flash", from: "2026-12-01" },
      },
    ),
    // Shut down with the rest of 2.0, on a day that was not read.
    generates("gemini-2.0-flash-exp", null, null, {
      releasedOn: "2024-12-11",
      retiresOn: "2026-06-01",
      successor: "gemini-3.8-flash",
    }),
    embeds("gemini-embedding-2", 8_192, true, { releasedOn: "2026-04-22" }),
    embeds("gemini-embedding-001", 2_048, false, { releasedOn: "2025-07" }),
  ].map((model) => [model.id, model]),
);

/** What Google shut down before any day that matters here, and what it names instead. */
export const SUCCESSORS: ReadonlyMap<string, string> = new Map([
  ["gemini-2.0-flash", "gemini-3.8-flash"],
  ["gemini-2.0-flash-lite", "gemini-3.8-flash"],
  ["gemini-3-pro-preview", "gemini-3.1-pro-preview"],
  ["gemini-3.1-flash-lite-preview", "gemini-3.1-flash-lite"],
  ["text-embedding-004", "gemini-embedding-2"],
]);

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
