export { type CallOpening, findNoRoom, type NoRoom, type WaitForRoom } from "./call-opening.ts";
export { calls } from "./calls-list.ts";
export { costs } from "./costs.ts";
export { type CallAnswer, type CallIntent, Ledger } from "./ledger.ts";
export { type Decimal, formatUsd, sumUsd } from "./money.ts";
export { PriceBook } from "./price-book.ts";
export { quotaOf } from "./quota.ts";
export { outputLimits, thinkingBudgetMin, worstCasesOf, worstCaseUsd } from "./worst-case.ts";
