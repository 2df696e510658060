import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { applyMigrations } from "@understudy/database";
import { type RunningPostgres, startPostgres } from "@understudy/local-services";
import { askPostgres } from "./ask-services.ts";
import { profiled } from "./profile.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Where the run's Postgres is; set once for all test files, by Jest's global set-up. */
const urlVariable = "UNDERSTUDY_TEST_POSTGRES_URL";
const template = "understudy_template";

/** Lets tests write jobs in any state: no statement of ours could. */
const plantJobs = readFileSync(new URL("./plant-jobs.sql", import.meta.url), "utf8");

/** Far apart, as a rule, and below outgoing ports: nobody must take that of a Postgres that is down. */
const firstPort = 10_000;
const portsMax = 5_000;

/**
 * A Postgres with a migrated template database.
 * @param settings beside the defaults; `fsync=off` for a server that no test crashes
 */
export async function startTestPostgres(settings: Record<string, string> = {}): Promise<RunningPostgres> {
  const directory = await temporaryDirectory();
  // Where summer time changes the hours, and no day begins when it does in UTC.
  const zoned = { timezone: "America/New_York", ...settings };
  const port = firstPort + Math.floor(Math.random() * portsMax);
  const options = { directory: directory.path, port, settings: zoned, endWithOwner: true };
  const postgres = await startPostgres(options);
  await askPostgres(postgres.url, `CREATE DATABASE ${template}`);
  await applyMigrations(databaseUrl(postgres.url, template));
  await askPostgres(databaseUrl(postgres.url, template), plantJobs);
  return postgres;
}

export interface TestDatabase {
  name: string;
  url: string;
  drop(): Promise<void>;
}

/**
 * A migrated database of the test's own, on the run's Postgres or on the one given.
 * @param from the name of another that it begins as; nobody may be connected to that
 */
export async function createTestDatabase(
  postgresUrl = process.env[urlVariable],
  from = template,
): Promise<TestDatabase> {
  if (!postgresUrl) throw new Error("No Postgres was started for this run: see jest.config.ts, globalSetup.");
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await profiled("databases", () => askPostgres(postgresUrl, `CREATE DATABASE ${name} TEMPLATE ${from}`));
  return {
    name,
    url: databaseUrl(postgresUrl, name),
    async drop() {
      await askPostgres(postgresUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

function databaseUrl(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}
