import { Decimal } from "decimal.js";

/** Digits enough for any sum of amounts that have twelve decimals: nothing is rounded on the way. */
const Money = Decimal.clone({ precision: 60, toExpNeg: -60, toExpPos: 60 });

/** An amount in full: `$1,234.50`, `$0.0002429`. No digit of the decimal string is lost. */
export function formatUsd(amount: string): string {
  const [whole = "0", fraction = ""] = amount.replace("-", "").split(".");
  const sign = amount.startsWith("-") ? "−" : "";
  return `${sign}$${groupDigits(whole)}.${fraction.padEnd(2, "0")}`;
}

/** An amount for a headline: cents from $1 on, below that its first three digits. */
export function formatUsdShort(amount: string): string {
  const value = new Money(amount);
  const rounded =
    value.abs().gte(1) || value.isZero() ? value.toFixed(2) : value.toSignificantDigits(3).toFixed();
  return formatUsd(rounded);
}

export function sumUsd(amounts: readonly string[]): string {
  return amounts.reduce((sum, amount) => sum.plus(amount), new Money(0)).toFixed();
}

/** `part` in percent of `whole` with one decimal: `"12.5"`; of nothing it is `"0"`. */
export function percentOf(part: string | number, whole: string | number): string {
  const total = new Money(whole);
  return total.isZero() ? "0" : new Money(part).div(total).times(100).toDecimalPlaces(1).toFixed();
}

/** Where an amount is drawn, in a chart or a bar: for the eye alone. What is read comes from the decimal string. */
export function usdForDrawing(amount: string): number {
  return Number(amount);
}

/** Whether it is a decimal string that the API takes: not negative, without an exponent, 12 decimals at most. */
export function isUsd(text: string): boolean {
  return /^\d{1,12}(\.\d{1,12})?$/.test(text);
}

function groupDigits(whole: string): string {
  return BigInt(whole).toLocaleString("en-US");
}

/** Negative where `a` is less than `b`. */
export function compareUsd(a: string, b: string): number {
  return new Money(a).comparedTo(b);
}
