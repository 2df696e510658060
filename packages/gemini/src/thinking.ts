import { thinkingBudgetMin } from "@understudy/ledger";

/** The part of a request's config that sets the thinking budget, in tokens; empty where a model has none. */
export function thinkingConfig(
  model: string,
  budget: number,
): { thinkingConfig?: { thinkingBudget: number } } {
  return thinkingBudgetMin(model) === undefined ? {} : { thinkingConfig: { thinkingBudget: budget } };
}
