import type { ServiceTier } from "@understudy/contracts";
import type { CallAnswer, OpenCall, SettledCall } from "./call.ts";
import { explainCost } from "./cost.ts";
import { Money } from "./money.ts";
import { isFree, type Price, type PriceBook, servedNames } from "./price-book.ts";
import { readUsage, type TokenCounts } from "./usage.ts";

/** Tokens and cost of an answer, and by which price. */
export type Settlement = SettledCall & { serviceTier?: ServiceTier; priceId?: number; isRerouted: boolean };

type Answered = CallAnswer & { kind: "answered" };

const noTokens = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, thoughtTokens: 0 };

/** Of a call that costs nothing. */
export const released: Settlement = {
  ...noTokens,
  costUsd: new Money(0),
  estimated: false,
  isRerouted: false,
};

/** Priced as what has answered, at the time when the call began. */
export async function settlementOf(prices: PriceBook, call: OpenCall, answer: Answered): Promise<Settlement> {
  const { mayBe, isSure, isRerouted } = await pricesOf(prices, call, answer);
  const [first] = mayBe;
  const tokens = readUsage(answer.usage);
  // Without usage nobody knows what it cost: the most that it can have cost, never nothing.
  if (!tokens) {
    const costUsd = answer.isPromptBlocked ? call.promptWorstUsd : call.worstUsd;
    const { serviceTier, id: priceId } = first;
    return { serviceTier, priceId, ...noTokens, costUsd, estimated: true, isRerouted };
  }
  const bills = mayBe.map((price) => ({ price, usd: explainCost(price, tokens).totalUsd }));
  const { price, usd } = bills.reduce((dearest, bill) => (bill.usd.gt(dearest.usd) ? bill : dearest));
  return {
    serviceTier: price.serviceTier,
    priceId: price.id,
    ...countsOf(tokens),
    costUsd: usd,
    estimated: tokens.estimated || !isSure,
    isRerouted,
  };
}

/** The price of who has answered; where that has none, or is said to cost nothing, of all that it may be. */
async function pricesOf(
  prices: PriceBook,
  { price: asked, routedTo, startedAt }: OpenCall,
  { modelVersion, serviceTier }: Answered,
): Promise<{ mayBe: [Price, ...Price[]]; isSure: boolean; isRerouted: boolean }> {
  const expected = [asked.model, ...routedTo];
  const names = modelVersion === undefined ? [asked.model] : servedNames(modelVersion);
  const served = names.find((name) => expected.includes(name));
  for (const name of served === undefined ? names : [served]) {
    const known = await prices.priceOf(name, serviceTier, startedAt);
    if (known && !isFree(known)) return { mayBe: [known], isSure: true, isRerouted: served === undefined };
  }
  const may = await Promise.all(expected.map((model) => prices.priceOf(model, serviceTier, startedAt)));
  const mayBe: [Price, ...Price[]] = [may[0] ?? asked, ...may.slice(1).flatMap((price) => price ?? [])];
  return { mayBe, isSure: false, isRerouted: served === undefined };
}

export function countsOf({ prompt, toolUse, cached, output, thoughts }: TokenCounts) {
  return {
    inputTokens: prompt + toolUse,
    cachedTokens: cached,
    outputTokens: output,
    thoughtTokens: thoughts,
  };
}
