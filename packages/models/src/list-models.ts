import type { ModelRole, RegisteredModel } from "@understudy/contracts";
import type { ModelRegistry } from "./model-registry.ts";
import type { RegisteredRow, RegistryRows } from "./registry-rows.ts";

/** All models of the registry, as they are told to others. */
export async function listModels(registry: ModelRegistry): Promise<RegisteredModel[]> {
  const rows = await registry.rows();
  return [...rows.models.values(), ...rows.others].map((row) => tellModel(rows, row));
}

/** A model as it is told to others. */
export function tellModel(rows: RegistryRows, row: RegisteredRow): RegisteredModel {
  const { provider, model, status, retiresAt, routedTo, capabilities, source, seenAt } = row;
  const isUnavailable = rows.unavailable.some((one) => one.provider === provider && one.model === model);
  return {
    provider,
    model,
    status: isUnavailable && status !== "retired" ? "unavailable" : status,
    ...(retiresAt && { retiresAt: retiresAt.toISOString() }),
    ...(routedTo !== null && { routedTo }),
    capabilities,
    source,
    seenAt: seenAt.toISOString(),
    roles: rows.models.get(model) === row ? rolesOf(rows, model) : [],
  };
}

/** The roles of all in which a model stands. */
export function rolesOf(rows: RegistryRows, model: string): ModelRole[] {
  return rows.roles
    .filter((row) => row.planName === null && row.creatorId === null && row.models.includes(model))
    .map(({ role }) => role);
}
