import type { Decimal } from "decimal.js";
import { longContextRates } from "./cost.ts";
import { Money } from "./money.ts";
import type { Price } from "./price-book.ts";

/**
 * The worst that a call can cost, in USD: every prompt token at the dearest rate of text (a prompt of ours has
 * nothing else in it), and all the output that it may make. The prompt may turn out to be long context, so the dearer of both rates counts wherever
 * the bound passes the threshold.
 *
 * @param promptTokensMax an upper bound of the prompt's tokens
 * @param outputTokensMax output and thoughts together
 */
export function holdFor(price: Price, promptTokensMax: number, outputTokensMax: number): Decimal {
  const { input, output } = dearestRates(price, longContextRates(price, promptTokensMax));
  return input.times(promptTokensMax).plus(output.times(outputTokensMax));
}

const millionth = new Money("0.000001");

/** USD for a token. */
interface Rates {
  input: Decimal;
  output: Decimal;
}

/** Kept: a price is never edited, and asked for at each call. */
const usual = new WeakMap<Price, Rates>();
const longContext = new WeakMap<Price, Rates>();

function dearestRates(price: Price, long: Price["longContext"]): Rates {
  const known = long ? longContext : usual;
  const rates = known.get(price) ?? {
    input: Money.max(price.inputUsd, price.cachedUsd, long?.inputUsd ?? 0).times(millionth),
    output: Money.max(price.outputUsd, long?.outputUsd ?? 0).times(millionth),
  };
  known.set(price, rates);
  return rates;
}
