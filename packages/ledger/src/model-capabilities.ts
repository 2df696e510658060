import { modelNames } from "./price-book.ts";

/** From the least to the most. Gemini 4's XHIGH is never asked for. */
const levels = ["MINIMAL", "LOW", "MEDIUM", "HIGH"] as const;

export type ThinkingLevel = (typeof levels)[number];

/**
 * Gemini 2.5: thoughts are bounded by a budget, in tokens. Gemini 3 and later: they are as many as a level takes, from
 * the model's least to HIGH, and can't be turned off.
 */
type Thinking =
  | { by: "budget"; min: number; max: number; canBeOff: boolean }
  | { by: "level"; least: ThinkingLevel };

/** What a model is able to do, so far as it decides what is sent to it. */
export interface ModelCapabilities {
  /** Undefined: it does not think, and refuses the setting. */
  thinking: Thinking | undefined;
  /** Most tokens of output of one request that is not streamed, thoughts counted. */
  outputTokensMax: number;
  /** Fewest tokens of a prompt's beginning that Gemini itself caches; undefined where that was not read. */
  implicitCacheTokensMin: number | undefined;
}

const minimal = { by: "level", least: "MINIMAL" } as const;
const low = { by: "level", least: "LOW" } as const;

const usual = { outputTokensMax: 65_536, implicitCacheTokensMin: 4_096 };
/** Google's page on caching names no minimum for these. */
const cacheUnread = { ...usual, implicitCacheTokensMin: undefined };
/** Twice as much output where the answer is streamed. */
const halfUnlessStreamed = { ...usual, outputTokensMax: 32_768 };
const generation25 = { ...usual, implicitCacheTokensMin: 2_048 };

/** Source: ai.google.dev/gemini-api/docs, pages models, thinking and caching (copies of 2026-10 and 2026-11). */
const models: Readonly<Record<string, ModelCapabilities>> = {
  "gemini-4-neon": { thinking: low, ...usual },
  "gemini-4-hydrogen": { thinking: low, ...usual },
  "gemini-4-carbon": { thinking: low, ...halfUnlessStreamed },
  "gemini-4-argon": { thinking: low, ...halfUnlessStreamed },
  "gemini-3.8-flash": { thinking: low, ...usual },
  "gemini-3.7-flash": { thinking: low, ...usual },
  "gemini-3.6-flash": { thinking: minimal, ...usual },
  "gemini-3.5-flash": { thinking: minimal, ...usual },
  "gemini-3.5-flash-lite": { thinking: minimal, ...cacheUnread },
  "gemini-3.1-flash-lite": { thinking: minimal, ...cacheUnread },
  "gemini-3.1-pro-preview": { thinking: low, ...usual },
  "gemini-3-flash-preview": { thinking: minimal, ...cacheUnread },
  "gemini-2.5-pro": {
    thinking: { by: "budget", min: 128, max: 32_768, canBeOff: false },
    ...generation25,
  },
  "gemini-2.5-flash": {
    thinking: { by: "budget", min: 1, max: 24_576, canBeOff: true },
    ...generation25,
  },
  "gemini-2.5-flash-lite": {
    thinking: { by: "budget", min: 512, max: 24_576, canBeOff: true },
    ...cacheUnread,
  },
  "gemini-2.0-flash-exp": { thinking: undefined, outputTokensMax: 8_192, implicitCacheTokensMin: undefined },
};

/** A model that an operator has priced before we knew it is newer than all of them; LOW is known to each since 3. */
const newer: ModelCapabilities = { thinking: low, ...cacheUnread };

/** @param model as a price names it, `models/` before it and `-001` behind it let through */
export function capabilitiesOf(model: string): ModelCapabilities {
  const name = modelNames(model).find((known) => Object.hasOwn(models, known));
  return (name === undefined ? undefined : models[name]) ?? newer;
}

/** How a request says how much to think: `thinkingConfig`, as Gemini takes it. */
export type ThinkingSetting = { thinkingBudget: number } | { thinkingLevel: ThinkingLevel };

/** What a request asks for, and the room that it keeps for thoughts beside the answer, in tokens. */
export interface ThinkingPlan {
  setting: ThinkingSetting | undefined;
  roomTokens: number;
  /** Models with a budget: whether `maxOutputTokens` bounds thoughts as well is told both ways, so they count beside it. */
  isRoomBeside: boolean;
}

/**
 * Of each level: the budget that Google equates it with (ai.google.dev/gemini-api/docs/openai), and the room that its
 * thoughts get in `maxOutputTokens`, which bounds thoughts and answer together (googleapis/python-genai#2062): with
 * too little of it the answer is cut off, what is too much is only held. Measured were at MINIMAL none or nearly none,
 * at LOW 800 to 3,000 tokens (3.1 Pro; python-genai#1795), by default, MEDIUM, 5,000 on the average.
 */
const ofLevel: Readonly<Record<ThinkingLevel, { budget: number; roomTokens: number }>> = {
  MINIMAL: { budget: 0, roomTokens: 512 },
  LOW: { budget: 1_024, roomTokens: 4_096 },
  MEDIUM: { budget: 8_192, roomTokens: 16_384 },
  HIGH: { budget: 24_576, roomTokens: 32_768 },
};

/**
 * As little thinking as the model can do, or what fits a budget.
 * @param budget most tokens of thoughts. A model with levels gets the highest whose budget is no more than this one
 */
export function planThinking(model: string, budget: number | undefined): ThinkingPlan {
  const { thinking } = capabilitiesOf(model);
  if (!thinking) return { setting: undefined, roomTokens: budget ?? 0, isRoomBeside: true };
  if (thinking.by === "budget") {
    const thinkingBudget = budget ?? (thinking.canBeOff ? 0 : thinking.min);
    return { setting: { thinkingBudget }, roomTokens: thinkingBudget, isRoomBeside: true };
  }
  const allowed = levels.slice(levels.indexOf(thinking.least));
  const thinkingLevel = allowed.findLast((level) => ofLevel[level].budget <= (budget ?? 0)) ?? thinking.least;
  const roomTokens = Math.max(ofLevel[thinkingLevel].roomTokens, budget ?? 0);
  return { setting: { thinkingLevel }, roomTokens, isRoomBeside: false };
}
