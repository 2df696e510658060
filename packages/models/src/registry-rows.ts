import { type ModelCapabilities, type ModelRole, modelCapabilities, modelRoles } from "@understudy/contracts";
import type { Database } from "@understudy/database";

/** A row of `Model`. */
export interface RegisteredRow {
  provider: string;
  model: string;
  status: "active" | "deprecated" | "retired";
  retiresAt: Date | null;
  routedTo: string | null;
  capabilities: ModelCapabilities;
  source: string;
  seenAt: Date;
}

/** A project that a provider has told that it does not have a model. */
export interface Unavailability {
  provider: string;
  project: string;
  apiVersion: string;
  model: string;
}

/** Models of a role, of all unless a plan or a creator is named. */
export interface RoleRow {
  role: ModelRole;
  planName: string | null;
  creatorId: string | null;
  models: string[];
}

export interface RegistryRows {
  models: ReadonlyMap<string, RegisteredRow>;
  roles: readonly RoleRow[];
  unavailable: readonly Unavailability[];
}

/** How long a model that a provider does not have is not asked for again, in milliseconds. */
const unavailableMs = 24 * 3_600_000;

/** The registry as it stands in Postgres. */
export async function readRegistry(database: Database): Promise<RegistryRows> {
  const { prisma } = database;
  const since = new Date(Date.now() - unavailableMs);
  const [models, roles, unavailable] = await Promise.all([
    prisma.model.findMany({ orderBy: [{ provider: "asc" }, { model: "asc" }] }),
    prisma.roleModels.findMany({ orderBy: { id: "asc" } }),
    prisma.modelUnavailable.findMany({ where: { since: { gt: since } } }),
  ]);
  return {
    models: new Map(
      models.map((row) => [row.model, { ...row, capabilities: modelCapabilities.parse(row.capabilities) }]),
    ),
    roles: roles.flatMap((row) => (isRole(row.role) ? [{ ...row, role: row.role }] : [])),
    unavailable,
  };
}

function isRole(role: string): role is ModelRole {
  return modelRoles.some((known) => known === role);
}
