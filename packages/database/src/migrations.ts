import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import pg from "pg";
import { readDatabaseUrl } from "./database-url.ts";

/** Prisma's own advisory lock, so that `prisma migrate deploy` and this wait for each other. */
const prismaMigrateLock = 72_707_369;

/** Prisma's own table, to the letter: either tool goes on where the other stopped. */
const createTable = readFileSync(new URL("./prisma-migrations-table.sql", import.meta.url), "utf8");

const grants = readFileSync(new URL("./grant-app-role.sql", import.meta.url), "utf8");

const repositoryMigrations = new URL("../../../prisma/migrations/", import.meta.url);

/** Whom API and workers connect as, where that is not who migrates. */
export interface AppRole {
  name: string;
  /** Makes the role where there is none, and is its password from now on. */
  password?: string | undefined;
}

interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file, as Prisma records it. */
  checksum: string;
}

/**
 * Brings a database up to date with `prisma/migrations`, as `prisma migrate deploy` would, but without
 * Prisma's native engine, so that a fresh clone works offline. Each migration and its record are one
 * transaction. Several may run this at once: they take turns.
 *
 * @param databaseUrl of Postgres itself: the lock that makes them take turns is a session's, which a pooler in
 *   transaction mode hands to others
 * @param directory where the migrations are; the repository's own by default
 * @param appRole whom API and workers connect as, where that is another: is given what they need, and may only append to the audit log
 * @returns the names of those applied now
 * @throws when the URL is a pooler's, an applied migration was edited since, or one has failed half-way under Prisma
 */
export async function applyMigrations(
  databaseUrl: string,
  directory = repositoryMigrations,
  appRole?: AppRole,
): Promise<string[]> {
  const { connectionString, isPooled } = readDatabaseUrl(databaseUrl);
  if (isPooled) {
    throw new Error(
      "Migrations need Postgres itself and not its pooler (pgbouncer=true): set DATABASE_DIRECT_URL to it.",
    );
  }
  const client = new pg.Client({ connectionString, application_name: "understudy-migrations" });
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [prismaMigrateLock]);
    await client.query(createTable);
    const applied = await appliedMigrations(client);
    const names: string[] = [];
    for (const migration of await readMigrations(directory)) {
      const checksum = applied.get(migration.name);
      if (checksum === undefined) {
        await applyOne(client, migration);
        names.push(migration.name);
      } else if (checksum !== migration.checksum) {
        throw new Error(
          `Migration ${migration.name} was edited after it had been applied; put it back and add a new one.`,
        );
      }
    }
    if (appRole) await provideRole(client, appRole);
    return names;
  } finally {
    await client.end();
  }
}

/**
 * The names of those that are not applied yet; changes nothing.
 * @throws when one has failed half-way under Prisma
 */
export async function listPendingMigrations(
  databaseUrl: string,
  directory = repositoryMigrations,
): Promise<string[]> {
  const { connectionString } = readDatabaseUrl(databaseUrl);
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    const { rows } = await client.query("SELECT to_regclass('_prisma_migrations') AS name");
    const applied = rows[0]?.name === null ? new Map() : await appliedMigrations(client);
    return (await readMigrations(directory)).flatMap(({ name }) => (applied.has(name) ? [] : [name]));
  } finally {
    await client.end();
  }
}

/** Gives a role what API and workers need, and no more. */
async function provideRole(client: pg.Client, { name, password }: AppRole): Promise<void> {
  const role = pg.escapeIdentifier(name);
  if (password !== undefined) {
    const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [name]);
    const verb = rowCount === 0 ? "CREATE" : "ALTER";
    await client.query(`${verb} ROLE ${role} LOGIN PASSWORD ${pg.escapeLiteral(password)}`);
  }
  await client.query(grants.replaceAll(":role", role));
}

async function readMigrations(directory: URL): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(new URL(`${name}/migration.sql`, directory), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

async function appliedMigrations(client: pg.Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    "SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL",
  );
  const failed = rows.find((row) => row.finished_at === null);
  if (failed) {
    throw new Error(
      `Migration ${failed.migration_name} has failed half-way; see "prisma migrate resolve" for how to go on.`,
    );
  }
  return new Map(rows.map((row) => [row.migration_name, row.checksum]));
}

/** Whoever waits for a table's lock keeps all others of the table waiting behind: it is better to fail, and to be run again. */
const lockTimeout = "10s";

async function applyOne(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query("BEGIN");
  await client.query(`SET LOCAL lock_timeout = '${lockTimeout}'`);
  try {
    await client.query(sql);
    await client.query(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) VALUES ($1, $2, $3, now(), 1)",
      [randomUUID(), checksum, name],
    );
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw new Error(`Migration ${name} failed: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}
