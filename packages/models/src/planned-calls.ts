import { type ModelRole, modelSchemaOf, type ServiceTier } from "@understudy/contracts";
import { type Decimal, dearestWorstCaseUsd, type OutputBounds, type PlannedParts } from "@understudy/ledger";
import type { z } from "zod";
import type { ModelRegistry, ModelWish } from "./model-registry.ts";

/** A request that will be made, as far as its cost goes. */
export interface PlannedCall extends PlannedParts, OutputBounds {
  system: string;
  /** Its key within the job. */
  step: string;
  role: ModelRole;
  /** In place of the role's. */
  model?: string;
  serviceTier?: ServiceTier;
  output?: z.ZodObject;
}

/**
 * The worst case of each planned call, in USD, by its step: of the dearest model that may answer it.
 * @returns also the first model that can't be called, where none of a call's can
 */
export async function worstCasesOf(
  registry: ModelRegistry,
  calls: readonly PlannedCall[],
  whose: Pick<ModelWish, "creatorId" | "plan">,
): Promise<{ byStep: Map<string, Decimal>; unknownModel?: string }> {
  const byStep = new Map<string, Decimal>();
  for (const call of calls) {
    const { step, role, model, serviceTier = "standard", output } = call;
    const found = await registry.candidates(
      { ...whose, role, model, isStructured: output !== undefined },
      serviceTier,
    );
    if (found.kind === "unknown_model") return { byStep, unknownModel: found.model };
    const bounded = output ? { ...call, jsonSchema: modelSchemaOf(output) } : call;
    byStep.set(step, dearestWorstCaseUsd(found.candidates, bounded));
  }
  return { byStep };
}
