import { GeminiError } from "./gemini-error.ts";
import {
  type BudgetThinking,
  type LevelThinking,
  THINKING_LEVELS,
  type Thinking,
  type ThinkingLevel,
} from "./models.ts";
import type { GenerationConfig } from "./protocol.ts";

/** @throws GeminiError 400, in Google's words, for a setting that does not exist or that the model does not have */
export function checkThinking(thinking: Thinking | null, config: GenerationConfig): void {
  const { thinkingBudget, thinkingLevel } = config.thinkingConfig ?? {};
  const level = thinkingLevel === undefined ? undefined : readLevel(thinkingLevel);
  if (level && thinkingBudget !== undefined) {
    throw new GeminiError(400, "You can only set only one of thinking budget and thinking level.");
  }
  if (level && thinking?.by !== "level") {
    throw new GeminiError(400, "Thinking level is not supported for this model.");
  }
  if (level && thinking?.by === "level" && !thinking.levels.includes(level)) {
    throw new GeminiError(
      400,
      `Thinking level ${level} is not supported for this model. Please retry with other thinking level.`,
    );
  }
  if (thinkingBudget !== undefined) checkBudget(thinking, thinkingBudget);
}

function readLevel(text: string): ThinkingLevel {
  const level = THINKING_LEVELS.find((known) => known === text.toUpperCase());
  if (level) return level;
  throw new GeminiError(
    400,
    `Invalid value at 'generation_config.thinking_config.thinking_level' (type.googleapis.com/google.ai.generativelanguage.v1beta.ThinkingConfig.ThinkingLevel), ${JSON.stringify(text.slice(0, 80))}`,
  );
}

function checkBudget(thinking: Thinking | null, budget: number): void {
  if (thinking?.by === "level" && thinking.budget === "refused") {
    throw new GeminiError(400, "Thinking budget is not supported for this model.");
  }
  if (budget === -1 || (budget === 0 && canBeOff(thinking))) return;
  if (thinking === null) throw new GeminiError(400, "Thinking is not supported by this model.");
  if (budget === 0) {
    throw new GeminiError(400, "Budget 0 is invalid. This model only works in thinking mode.");
  }
  if (thinking.by === "budget" && (budget < thinking.minBudget || budget > thinking.maxBudget)) {
    throw new GeminiError(
      400,
      `The thinking budget ${budget} is invalid. Please choose a value between ${thinking.minBudget} and ${thinking.maxBudget}.`,
    );
  }
}

function canBeOff(thinking: Thinking | null): boolean {
  if (thinking === null) return true;
  return thinking.by === "budget" ? thinking.canBeOff : thinking.budget === "hint, also of 0";
}

/** Where the model itself decides how much to think. */
const DYNAMIC_BUDGET = 8_192;

const LEVEL_SHARES: Readonly<Record<Exclude<ThinkingLevel, "MINIMAL">, number>> = {
  LOW: 0.25,
  MEDIUM: 0.6,
  HIGH: 1,
  XHIGH: 1.5,
};

/**
 * How long the model thinks: 48 + an eighth of the prompt + up to 320 drawn from the input, no more than the budget,
 * or the level's share of that. MINIMAL is not nothing: one input in eight is thought about, for up to 32 tokens.
 * The same input makes the same thoughts.
 * @param seed of the input
 */
export function thoughtsTokens(
  thinking: Thinking | null,
  config: GenerationConfig,
  promptTokens: number,
  seed: number,
): number {
  if (!thinking) return 0;
  const whole = 48 + promptTokens / 8 + (seed % 320);
  const { thinkingBudget, thinkingLevel } = config.thinkingConfig ?? {};
  if (thinkingBudget === 0) return 0;
  if (thinking.by === "budget") return Math.min(Math.ceil(whole), budgetOf(thinking, thinkingBudget));
  const level = levelOf(thinking, thinkingBudget, thinkingLevel);
  if (level === "MINIMAL") return seed % 8 === 0 ? 1 + (Math.floor(seed / 8) % 32) : 0;
  return Math.ceil(whole * LEVEL_SHARES[level]);
}

function budgetOf(thinking: BudgetThinking, budget: number | undefined): number {
  if (budget === undefined && !thinking.byDefault) return 0;
  return budget === undefined || budget === -1 ? DYNAMIC_BUDGET : budget;
}

/** A budget makes a model with levels think less, and bounds nothing. */
function levelOf(
  thinking: LevelThinking,
  budget: number | undefined,
  level: string | undefined,
): ThinkingLevel {
  if (level !== undefined) return readLevel(level);
  return budget === undefined || budget === -1 ? thinking.byDefault : "LOW";
}
