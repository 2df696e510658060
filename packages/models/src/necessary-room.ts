import type { ModelRole, Step } from "@understudy/contracts";
import { type Decimal, leastWorstCaseUsd } from "@understudy/ledger";
import type { ModelRegistry, ModelWish } from "./model-registry.ts";

/**
 * What there must be room for to do each of some steps, in USD, by their keys: of the dearest model that may answer.
 * @returns also the first model that can't be called, where none of a step's can
 */
export async function worstCasesOf(
  registry: ModelRegistry,
  steps: ReadonlyMap<string, Step & { role: ModelRole }>,
  whose: Pick<ModelWish, "creatorId" | "plan">,
): Promise<{ byStep: Map<string, Decimal>; unknownModel?: string }> {
  const byStep = new Map<string, Decimal>();
  for (const [key, step] of steps) {
    const found = await registry.candidatesFor(step, whose);
    if (found.kind === "unknown_model") return { byStep, unknownModel: found.model };
    byStep.set(key, leastWorstCaseUsd(found.candidates, step));
  }
  return { byStep };
}
