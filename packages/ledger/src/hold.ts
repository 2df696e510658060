import { Decimal } from "decimal.js";
import { longContextRates } from "./cost.ts";
import { Money } from "./money.ts";
import type { Price } from "./price-book.ts";

/**
 * The worst that a call can cost, in USD: every prompt token at the dearest input rate, and all the output
 * that it may make. The prompt may turn out to be long context, so the dearer of both rates counts wherever
 * the bound passes the threshold.
 *
 * @param promptTokensMax an upper bound of the prompt's tokens
 * @param outputTokensMax output and thoughts together
 */
export function holdFor(price: Price, promptTokensMax: number, outputTokensMax: number): Decimal {
  const long = longContextRates(price, promptTokensMax);
  const input = Decimal.max(price.inputUsd, price.audioInputUsd, price.cachedUsd, long?.inputUsd ?? 0);
  const output = Decimal.max(price.outputUsd, long?.outputUsd ?? 0);
  return new Money(promptTokensMax)
    .times(input)
    .plus(new Money(outputTokensMax).times(output))
    .div(1_000_000);
}
