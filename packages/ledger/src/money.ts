import { Decimal } from "decimal.js";

/** numeric(24,12) holds 24 digits; a product of tokens and a price needs no more than twice that. */
const Money = Decimal.clone({ precision: 60, rounding: Decimal.ROUND_HALF_UP });

export { type Decimal, Money };

const zero = new Money(0);

/** The exact sum of amounts in USD. */
export function sumUsd(amounts: readonly { toString(): string }[]): Decimal {
  return amounts.reduce<Decimal>(
    (sum, amount) => sum.plus(amount instanceof Money ? amount : amount.toString()),
    zero,
  );
}

/** Money as it is told to others: exact, without an exponent or trailing zeros (`"0.00155"`). */
export function formatUsd(amount: { toFixed(): string } | string): string {
  return new Money(typeof amount === "string" ? amount : amount.toFixed()).toFixed();
}
