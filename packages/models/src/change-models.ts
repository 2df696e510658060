import type {
  ModelRole,
  ModelUpdate,
  OwnRoleModels,
  RegisteredModel,
  RolesUpdate,
} from "@understudy/contracts";
import { type Database, loadStatement, type Prisma } from "@understudy/database";
import { modelNames } from "@understudy/ledger";
import { tellModel } from "./list-models.ts";
import { type ModelRegistry, registeredName, rowOf } from "./model-registry.ts";
import type { RegisteredRow, RegistryRows } from "./registry-rows.ts";

const setRolesStatement = loadStatement(new URL("./set-roles.sql", import.meta.url));

/** What became of the wish to change a model. */
export type ModelChange =
  | { kind: "changed"; model: RegisteredModel }
  /** It is new, and so needs these fields. */
  | { kind: "incomplete"; missing: ("capabilities" | "source")[] }
  | { kind: "unknown_successor" }
  /** Without it no model of these roles can be called. */
  | { kind: "leaves_empty"; roles: ModelRole[] };

/** Adds a model or changes it; in this process at once, in others within 30 s. */
export async function changeModel(
  database: Database,
  registry: ModelRegistry,
  { provider, model: name }: { provider: string; model: string },
  update: ModelUpdate,
): Promise<ModelChange> {
  registry.refresh();
  const rows = await registry.rows();
  const row = rowAt(rows, provider, name);
  const model = row?.model ?? modelNames(name)[1];
  const missing = (["capabilities", "source"] as const).filter(
    (field) => !row && update[field] === undefined,
  );
  if (missing.length > 0) return { kind: "incomplete", missing };
  const routedTo = update.routedTo ? rowAt(rows, provider, update.routedTo)?.model : update.routedTo;
  if (update.routedTo && routedTo === undefined) return { kind: "unknown_successor" };

  const { status, retiresAt, capabilities, source, seenAt = database.clock.now() } = update;
  const fields = {
    ...(status !== undefined && { status }),
    ...(retiresAt !== undefined && { retiresAt }),
    ...(routedTo !== undefined && { routedTo }),
    ...(capabilities !== undefined && { capabilities }),
    ...(source !== undefined && { source }),
    seenAt,
  };
  if (row && rows.models.get(model) === row) {
    const after = { models: new Map(rows.models).set(model, { ...row, ...fields }) };
    const emptied = await registry.emptiedBy(after);
    if (emptied.length > 0) return { kind: "leaves_empty", roles: emptied };
  }

  const { prisma } = database;
  const written = {
    ...fields,
    ...(capabilities !== undefined && { capabilities: capabilities as Prisma.InputJsonObject }),
    updatedAt: database.clock.now(),
  };
  await prisma.model.upsert({
    where: { provider_model: { provider, model } },
    // What a new one needs was asked for above.
    create: { provider, model, capabilities: {}, source: "", ...written },
    update: written,
  });
  if (status === "active" || status === "deprecated")
    await prisma.modelUnavailable.deleteMany({ where: { provider, model } });
  registry.refresh();
  const after = await registry.rows();
  const changed = rowAt(after, provider, model);
  if (!changed) throw new Error("A model that was written is not there.");
  return { kind: "changed", model: tellModel(after, changed) };
}

function rowAt(rows: RegistryRows, provider: string, name: string): RegisteredRow | undefined {
  const own = rowOf(rows, name);
  if (own?.provider === provider) return own;
  return modelNames(name)
    .map((known) => rows.others.find((row) => row.provider === provider && row.model === known))
    .find((row) => row !== undefined);
}

/** What became of the wish to change roles. */
export type RolesChange =
  | { kind: "changed" }
  /** No model of that list can be called. */
  | { kind: "leaves_empty"; role: ModelRole }
  /** All jobs need it. */
  | { kind: "is_needed"; role: ModelRole };

/** Whose roles: of all unless one is given. */
export interface RolesOwner {
  planName?: string | undefined;
  creatorId?: string | undefined;
}

/** Sets which models answer for roles; in this process at once, in others within 30 s. All of them, or none. */
export async function changeRoles(
  database: Database,
  registry: ModelRegistry,
  { planName, creatorId }: RolesOwner,
  roles: RolesUpdate["roles"],
): Promise<RolesChange> {
  registry.refresh();
  const changes = Object.entries(roles) as [ModelRole, string[] | null | undefined][];
  const isOfAll = planName === undefined && creatorId === undefined;
  for (const [role, models] of changes) {
    if (models === null && isOfAll) return { kind: "is_needed", role };
    if (models && (await registry.isEmpty(role, models))) return { kind: "leaves_empty", role };
  }
  const rows = await registry.rows();
  const known = (models: readonly string[]) => models.map((name) => registeredName(rows, name));
  const items = changes.flatMap(([role, models]) =>
    models === undefined ? [] : [{ role, planName, creatorId, ...(models && { models: known(models) }) }],
  );
  await database.execute(setRolesStatement, items);
  registry.refresh();
  return { kind: "changed" };
}

/** Models by role: of all, or only what differs for a plan or a creator. */
export async function rolesFor(
  registry: ModelRegistry,
  { planName, creatorId }: RolesOwner,
): Promise<OwnRoleModels> {
  const rows = await registry.rows();
  const own = rows.roles.filter(
    (row) => row.planName === (planName ?? null) && row.creatorId === (creatorId ?? null),
  );
  return Object.fromEntries(own.map(({ role, models }) => [role, models]));
}
