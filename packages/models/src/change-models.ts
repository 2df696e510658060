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
import { type ModelRegistry, rowOf } from "./model-registry.ts";
import type { RegistryRows } from "./registry-rows.ts";

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
  const row = rowOf(rows, name);
  const model = row?.model ?? modelNames(name)[1];
  const missing = (["capabilities", "source"] as const).filter(
    (field) => !row && update[field] === undefined,
  );
  if (missing.length > 0) return { kind: "incomplete", missing };
  const routedTo = update.routedTo ? rowOf(rows, update.routedTo)?.model : update.routedTo;
  if (update.routedTo && routedTo === undefined) return { kind: "unknown_successor" };
  const emptied = row ? await rolesEmptiedBy(registry, rows, model, update) : [];
  if (emptied.length > 0) return { kind: "leaves_empty", roles: emptied };

  const { status, retiresAt, capabilities, source, seenAt = new Date() } = update;
  const fields = {
    ...(status !== undefined && { status }),
    ...(retiresAt !== undefined && { retiresAt }),
    ...(routedTo !== undefined && { routedTo }),
    ...(capabilities !== undefined && { capabilities: capabilities as Prisma.InputJsonObject }),
    ...(source !== undefined && { source }),
    seenAt,
    updatedAt: new Date(),
  };
  const { prisma } = database;
  await prisma.model.upsert({
    where: { provider_model: { provider, model } },
    create: { provider, model, capabilities: {}, source: "", ...fields },
    update: fields,
  });
  if (status === "active" || status === "deprecated")
    await prisma.modelUnavailable.deleteMany({ where: { provider, model } });
  registry.refresh();
  const after = await registry.rows();
  const changed = rowOf(after, model);
  if (!changed) throw new Error("A model that was written is not there.");
  return { kind: "changed", model: tellModel(after, changed) };
}

async function rolesEmptiedBy(
  registry: ModelRegistry,
  rows: RegistryRows,
  model: string,
  { status, capabilities }: ModelUpdate,
): Promise<ModelRole[]> {
  const isText = capabilities?.output.every((kind) => kind === "text") ?? true;
  if (status !== "retired" && isText) return [];
  const ofAll = rows.roles.filter((row) => row.models.includes(model));
  const emptied = await Promise.all(
    ofAll.map(async ({ role, models }) => {
      const others = models.filter((other) => other !== model);
      return (await registry.isEmpty(role, others)) ? [role] : [];
    }),
  );
  return [...new Set(emptied.flat())];
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
  const items = changes.flatMap(([role, models]) =>
    models === undefined ? [] : [{ role, planName, creatorId, ...(models && { models }) }],
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
