export { calls } from "./calls-list.ts";
export { costs } from "./costs.ts";
export { holdFor } from "./hold.ts";
export { type CallAnswer, type CallIntent, type CallOpening, Ledger } from "./ledger.ts";
export { formatUsd, sumUsd } from "./money.ts";
export { PriceBook } from "./price-book.ts";
