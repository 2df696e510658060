import type { ModelRegistry } from "./model-registry.ts";

/**
 * Refuses to start where a role has no model that can be called: each of its jobs would fail.
 * Asks the registry, not the provider. @throws one Error that names every fault
 */
export async function requireModels(registry: ModelRegistry): Promise<void> {
  const faults = await registry.faults();
  if (faults.length === 0) return;
  throw new Error(
    `Models are missing: ${faults.join("; ")}. Add them under /api/ai/admin/models, /prices and /roles, or by \`npm run models\`.`,
  );
}
