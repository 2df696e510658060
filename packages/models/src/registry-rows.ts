import { type ModelCapabilities, type ModelRole, modelCapabilities, modelRoles } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";

const readStatement = loadStatement(new URL("./registry.sql", import.meta.url));

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
  /** Of the provider that is called, by their names. */
  models: ReadonlyMap<string, RegisteredRow>;
  /** Of other providers: known, and never called. */
  others: readonly RegisteredRow[];
  /** Names of rows that can't be read, such as those that a later release has written: never called. */
  unreadable: readonly string[];
  roles: readonly RoleRow[];
  unavailable: readonly Unavailability[];
}

/** How long a model that a provider does not have is not asked for again. */
const unavailableHours = 24;

/** The row of registry.sql. */
interface RegistryRow {
  models: (Omit<RegisteredRow, "retiresAt" | "seenAt" | "capabilities"> & {
    capabilities: unknown;
    retiresAt: string | null;
    seenAt: string;
  })[];
  roles: (Omit<RoleRow, "role"> & { role: string })[];
  unavailable: Unavailability[];
}

/** The registry as it stands in Postgres. @param provider the one that is called */
export async function readRegistry(database: Database, provider: string): Promise<RegistryRows> {
  const [found] = await database.execute<RegistryRow>(readStatement, [{ unavailableHours }]);
  const { models, roles, unavailable } = found as RegistryRow;
  const read = models.map((row) => ({
    row: {
      ...row,
      retiresAt: row.retiresAt === null ? null : new Date(row.retiresAt),
      seenAt: new Date(row.seenAt),
    },
    capabilities: modelCapabilities.safeParse(row.capabilities).data,
  }));
  const readable = read.flatMap(({ row, capabilities }) => (capabilities ? [{ ...row, capabilities }] : []));
  const own = readable.filter((row) => row.provider === provider);
  return {
    models: new Map(own.map((row) => [row.model, row])),
    others: readable.filter((row) => row.provider !== provider),
    unreadable: read.flatMap(({ row, capabilities }) => (capabilities ? [] : [row.model])),
    roles: roles.flatMap((row) => (isRole(row.role) ? [{ ...row, role: row.role }] : [])),
    unavailable,
  };
}

function isRole(role: string): role is ModelRole {
  return modelRoles.some((known) => known === role);
}
