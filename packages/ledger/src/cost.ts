import type { Decimal } from "decimal.js";
import { Money } from "./money.ts";
import type { Price } from "./price-book.ts";
import type { TokenCounts } from "./usage.ts";

/** One line of a bill: `usd` = `tokens` × `usdPerMillion` / 1,000,000. */
export interface ExplainLine {
  what:
    | "input"
    | "audio input"
    | "cached input"
    | "cached audio input"
    | "tool use"
    | "output"
    | "output that only the total counts"
    | "thoughts";
  tokens: number;
  usdPerMillion: Decimal;
  usd: Decimal;
}

/** The rates of a call with so many prompt tokens where it is long context: above the threshold, not at it. */
export function longContextRates(price: Price, promptTokens: number): Price["longContext"] {
  return price.longContext !== null && promptTokens > price.longContext.above ? price.longContext : null;
}

/**
 * What a call costs, line by line; lines without tokens are left out. Source of the formula: Gemini's
 * pricing page and usage documentation, as ARCHITECTURE.md tells.
 *
 *     USD = [(P−A−(C−CA))·in + (A−CA)·inAudio + (C−CA)·cache + CA·cacheAudio + X·in + (O+R)·out] / 1e6
 */
export function explainCost(price: Price, tokens: TokenCounts): { lines: ExplainLine[]; totalUsd: Decimal } {
  const long = longContextRates(price, tokens.prompt);
  const input = long?.inputUsd ?? price.inputUsd;
  const output = long?.outputUsd ?? price.outputUsd;
  const cached = long?.cachedUsd ?? price.cachedUsd;
  const audioInput = long?.inputUsd ?? price.audioInputUsd;
  const audioCached = long?.cachedUsd ?? price.audioCachedUsd;

  const cachedText = tokens.cached - tokens.cachedAudio;
  const lines = [
    line("input", tokens.prompt - tokens.promptAudio - cachedText, input),
    line("audio input", tokens.promptAudio - tokens.cachedAudio, audioInput),
    line("cached input", cachedText, cached),
    line("cached audio input", tokens.cachedAudio, audioCached),
    line("tool use", tokens.toolUse, input),
    line("output", tokens.output - tokens.unnamed, output),
    line("output that only the total counts", tokens.unnamed, output),
    line("thoughts", tokens.thoughts, output),
  ].filter((entry) => entry.tokens > 0);
  return { lines, totalUsd: lines.reduce((sum, entry) => sum.plus(entry.usd), new Money(0)) };
}

function line(what: ExplainLine["what"], tokens: number, usdPerMillion: Decimal): ExplainLine {
  return { what, tokens, usdPerMillion, usd: new Money(tokens).times(usdPerMillion).div(1_000_000) };
}
