/**
 * The smallest thinking budget, in tokens, that a model takes; undefined for models that do not think and
 * refuse the setting. Source: ai.google.dev/gemini-api/docs/thinking: Pro models can't turn it off (128 at
 * least), Flash models can.
 */
export function thinkingBudgetMin(model: string): number | undefined {
  if (/gemini-(1|2\.0)|embedding/.test(model)) return undefined;
  return /-pro/.test(model) ? 128 : 0;
}

/** The part of a request's config that sets the thinking budget. */
export function thinkingConfig(
  model: string,
  budget: number,
): { thinkingConfig?: { thinkingBudget: number } } {
  return thinkingBudgetMin(model) === undefined ? {} : { thinkingConfig: { thinkingBudget: budget } };
}
