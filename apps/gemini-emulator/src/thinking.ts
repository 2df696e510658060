import { GeminiError } from "./gemini-error.ts";
import type { Serving } from "./lifecycle.ts";
import {
  type BudgetThinking,
  type LevelThinking,
  type Model,
  THINKING_LEVELS,
  type Thinking,
  type ThinkingLevel,
} from "./models.ts";
import type { GenerationConfig } from "./protocol.ts";

/**
 * A routed request may be made for the model that was asked for, or for the one that answers.
 * @param lenient levels are not judged, and budgets by models alone that think by budget
 * @throws GeminiError 400, in Google's words, for a setting that does not exist or that the model does not have
 */
export function checkThinking({ asked, served }: Serving, config: GenerationConfig, lenient: boolean): void {
  const { thinkingBudget: budget, thinkingLevel } = config.thinkingConfig ?? {};
  const level = thinkingLevel === undefined ? undefined : readLevel(thinkingLevel);
  if (lenient) {
    if (budget !== undefined && served.thinking?.by !== "level") refuse(budgetFault(served.thinking, budget));
    return;
  }
  if (level && budget !== undefined) {
    refuse("You can only set only one of thinking budget and thinking level.");
  }
  const faultFor = ({ thinking }: Model) =>
    (level && levelFault(thinking, level)) ??
    (budget === undefined ? undefined : budgetFault(thinking, budget));
  if (faultFor(asked) !== undefined) refuse(faultFor(served));
}

function refuse(fault: string | undefined): void {
  if (fault !== undefined) throw new GeminiError(400, fault);
}

function readLevel(text: string): ThinkingLevel {
  const level = THINKING_LEVELS.find((known) => known === text.toUpperCase());
  if (level) return level;
  throw new GeminiError(
    400,
    `Invalid value at 'generation_config.thinking_config.thinking_level' (type.googleapis.com/google.ai.generativelanguage.v1beta.ThinkingConfig.ThinkingLevel), ${JSON.stringify(text.slice(0, 80))}`,
  );
}

function levelFault(thinking: Thinking | null, level: ThinkingLevel): string | undefined {
  if (thinking?.by !== "level") return "Thinking level is not supported for this model.";
  if (thinking.levels.includes(level)) return undefined;
  return `Thinking level ${level} is not supported for this model. Please retry with other thinking level.`;
}

function budgetFault(thinking: Thinking | null, budget: number): string | undefined {
  if (thinking?.by === "level" && thinking.budget === "refused") {
    return "Thinking budget is not supported for this model.";
  }
  if (budget === -1 || (budget === 0 && canBeOff(thinking))) return undefined;
  if (thinking === null) return "Thinking is not supported by this model.";
  if (budget === 0) return "Budget 0 is invalid. This model only works in thinking mode.";
  if (thinking.by === "budget" && (budget < thinking.minBudget || budget > thinking.maxBudget)) {
    return `The thinking budget ${budget} is invalid. Please choose a value between ${thinking.minBudget} and ${thinking.maxBudget}.`;
  }
  return undefined;
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
  if (thinkingBudget === 0 && canBeOff(thinking)) return 0;
  if (thinking.by === "budget") return Math.min(Math.ceil(whole), budgetOf(thinking, thinkingBudget));
  const level = levelOf(thinking, thinkingBudget, thinkingLevel);
  if (level === "MINIMAL") return seed % 8 === 0 ? 1 + (Math.floor(seed / 8) % 32) : 0;
  return Math.ceil(whole * LEVEL_SHARES[level]);
}

function budgetOf(thinking: BudgetThinking, budget: number | undefined): number {
  if (budget === undefined && !thinking.byDefault) return 0;
  return budget === undefined || budget === -1 ? DYNAMIC_BUDGET : budget;
}

/** A budget makes a model with levels think less, 0 the least it can, and bounds nothing. */
function levelOf(
  thinking: LevelThinking,
  budget: number | undefined,
  level: string | undefined,
): ThinkingLevel {
  if (level !== undefined) return readLevel(level);
  if (budget === 0) return thinking.levels[0] ?? "LOW";
  return budget === undefined || budget === -1 ? thinking.byDefault : "LOW";
}
