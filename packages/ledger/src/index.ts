export { calls } from "./calls-list.ts";
export { type ExplainLine, explainCost, longContextApplies } from "./cost.ts";
export { costs } from "./costs.ts";
export { holdFor } from "./hold.ts";
export { type CallAnswer, type CallIntent, type CallOpening, Ledger } from "./ledger.ts";
export { formatUsd, sumUsd } from "./money.ts";
export { type Price, PriceBook } from "./price-book.ts";
export { readUsage, type TokenCounts } from "./usage.ts";
