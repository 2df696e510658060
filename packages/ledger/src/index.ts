export { alerts } from "./alerts/alerts-list.ts";
export { raiseLoweredQuotas } from "./alerts/lowered-quotas.ts";
export { raiseAlert } from "./alerts/raise-alert.ts";
export { raiseRefusals } from "./alerts/refusals.ts";
export { raiseSpendSpikes } from "./alerts/spend-spikes.ts";
export { alertsToTell, giveUpAlerts, tellAlerts } from "./alerts/telling.ts";
export { writeAttempts } from "./attempt-writer.ts";
export type { FinishedStep, JobEnd, SharedInsight } from "./attempt-writes.ts";
export {
  type AccountOff,
  accountsOff,
  type BooksAsked,
  boundsPassed,
  daysOff,
  holdsOff,
} from "./books/books.ts";
export { chargesOff } from "./books/charges-off.ts";
export { costsOff } from "./books/costs-off.ts";
export type { CallAnswer, CallIntent, OpenCall, ProviderWords, SettledCall } from "./call.ts";
export {
  type AccountFigures,
  findNoRoom,
  type NoRoom,
  type NotOpened,
  type RoomFigures,
  type WaitForRoom,
} from "./call-opening.ts";
export { calls, presentCall } from "./calls-list.ts";
export { charges } from "./charges/charges-list.ts";
export { closeDueMonths, closeMonth } from "./charges/close-months.ts";
export { costEfficiency } from "./cost-efficiency.ts";
export { costSeries } from "./cost-series.ts";
export { costs } from "./costs.ts";
export { explainCall, quoteUsage } from "./explain.ts";
export { Ledger } from "./ledger.ts";
export { type Decimal, formatUsd, sumUsd } from "./money.ts";
export { type CallPrices, isFree, modelNames, type Price, PriceBook } from "./price-book.ts";
export { addPrice, listPrices, type PriceAddition, plannedPrice } from "./price-list.ts";
export { quotaOf, quotasOf } from "./quota.ts";
export { resolveUnknownCall } from "./resolve-unknown.ts";
export type { ThinkingSetting } from "./thinking.ts";
export { readUsage } from "./usage.ts";
export {
  type AnswerLength,
  type Candidate,
  dearestWorstCaseUsd,
  leastWorstCaseUsd,
  outputLimits,
  promptTokensMax,
  promptWorstCaseUsd,
  worstCaseUsd,
} from "./worst-case.ts";
