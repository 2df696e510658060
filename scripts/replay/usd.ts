import { Decimal } from "decimal.js";

/** A rate or cost has 12 digits on each side of the point; 60 keep the sum of any number of them exact. */
const Exact = Decimal.clone({ precision: 60 });

/** Adds up exact decimal strings; the sum has no exponent and no trailing zeros. */
export function sumUsd(amounts: Iterable<string>): string {
  let sum = new Exact(0);
  for (const amount of amounts) sum = sum.plus(amount);
  return sum.toFixed();
}

/** Below 0: a is less; 0: the same amount, however many zeros it is written with. */
export function compareUsd(a: string, b: string): number {
  return new Exact(a).comparedTo(new Exact(b));
}
