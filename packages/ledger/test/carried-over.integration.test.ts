import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "@jest/globals";
import { applyMigrations } from "@understudy/database";
import { createTestDatabase, temporaryDirectory } from "@understudy/testkit";
import { afterSuite } from "@understudy/testkit/suite";
import pg from "pg";

const migrations = fileURLToPath(new URL("../../../prisma/migrations/", import.meta.url));
const { url, drop } = await createTestDatabase();
afterSuite(drop);
const before = await temporaryDirectory();
afterSuite(before.remove);

it("what was counted before there was one table of accounts stands in it, as it was told", async () => {
  for (const name of readdirSync(migrations).filter((name) => /^\d/.test(name) && name < "202611300729")) {
    cpSync(join(migrations, name), join(before.path, name), { recursive: true });
  }
  const client = new pg.Client(url);
  await client.connect();
  afterSuite(() => client.end());
  await client.query(
    "DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP TABLE IF EXISTS _prisma_migrations",
  );
  await applyMigrations(url, pathToFileURL(`${before.path}/`));
  await client.query(`
    INSERT INTO "Creator" ("id") VALUES ('abba'), ('cher');
    INSERT INTO "MonthlySpend" ("creatorId", "month", "spentUsd", "heldUsd", "unknownUsd", "alertedPercent", "closedAt") VALUES
      ('abba', '2026-10-01', 1, 0, 0.25, 50, '2026-11-01T01:00:00.123Z'),
      ('abba', '2026-11-01', 2.000000000001, 3, 4, 80, NULL),
      ('cher', '2026-11-01', 10, 20, 30, 0, NULL);
    INSERT INTO "ApiKey" ("id", "name", "scopes", "creatorIds", "secretHash", "budgetUsd", "spentUsd", "heldUsd", "unknownUsd") VALUES
      ('key_1', 'one', '{}', '{}', decode(repeat('00', 32), 'hex'), 7, 5, 6, 0.5),
      ('key_2', 'two', '{}', '{}', decode(repeat('01', 32), 'hex'), NULL, 0, 0, 0)`);
  // What a worker of the release before is paid for meanwhile, it could not settle.
  await client.query(
    `INSERT INTO "Lease" VALUES ('worker_1', 'x', now(), now() + interval '8 s'), ('worker_2', 'x', now(), now() - interval '1 s')`,
  );
  await expect(applyMigrations(url)).rejects.toThrow("stop them and the API, then migrate");
  expect((await client.query(`SELECT FROM "MonthlySpend"`)).rowCount).toBe(3);
  await client.query(`DELETE FROM "Lease" WHERE "name" = 'worker_1'`);
  expect(await applyMigrations(url)).toContain("20261130073000_accounts");

  const { rows } = await client.query(`
    SELECT "id", "kind"::text, "creatorId", "apiKeyId", to_char("month", 'YYYY-MM') AS "month", trim_scale("spentUsd")::text AS "spent",
      trim_scale("heldUsd")::text AS "held", trim_scale("unknownUsd")::text AS "unknown", trim_scale("usedUsd")::text AS "used",
      "alertedPercent" AS "alerted", "closedAt"
    FROM "Account" ORDER BY "id"`);
  expect(rows.map((row) => Object.values(row))).toEqual([
    [
      ...["creator:abba:2026-10", "creator_month", "abba", null, "2026-10", "1", "0", "0.25", "1.25"],
      ...[50, new Date("2026-11-01T01:00:00.123Z")],
    ],
    [
      ...["creator:abba:2026-11", "creator_month", "abba", null, "2026-11", "2.000000000001", "3", "4"],
      ...["6.000000000001", 80, null],
    ],
    ["creator:cher:2026-11", "creator_month", "cher", null, "2026-11", "10", "20", "30", "40", 0, null],
    ["key:key_1", "key", null, "key_1", null, "5", "6", "0.5", "5.5", 0, null],
    ["key:key_2", "key", null, "key_2", null, "0", "0", "0", "0", 0, null],
    ["platform:2026-10", "platform_month", null, null, "2026-10", "1", "0", "0.25", "1.25", 0, null],
    [
      ...["platform:2026-11", "platform_month", null, null, "2026-11", "12.000000000001", "23", "34"],
      ...["46.000000000001", 0, null],
    ],
  ]);
  const keys = await client.query(
    `SELECT "id", trim_scale("budgetUsd")::text AS "budget" FROM "ApiKey" ORDER BY "id"`,
  );
  expect(keys.rows).toEqual([
    { id: "key_1", budget: "7" },
    { id: "key_2", budget: null },
  ]);
  // The ids are those that calls are posted to.
  const payers = await client.query(
    `SELECT "id" FROM understudy_payers('abba', 'key_1', '2026-11-01') ORDER BY 1`,
  );
  expect(payers.rows.map(({ id }) => id)).toEqual(["creator:abba:2026-11", "key:key_1", "platform:2026-11"]);
});

it.each([
  `INSERT INTO "Account" ("id", "kind", "apiKeyId", "month") VALUES ('x', 'key', 'key_1', '2026-11-01')`,
  `INSERT INTO "Account" ("id", "kind", "creatorId") VALUES ('x', 'creator_month', 'abba')`,
  `INSERT INTO "Account" ("id", "kind", "creatorId", "month") VALUES ('x', 'platform_month', 'abba', '2026-11-01')`,
  `INSERT INTO "Account" ("id", "kind", "month") VALUES ('x', 'platform_month', '2026-11-02')`,
  `UPDATE "Account" SET "heldUsd" = -1`,
  `UPDATE "ApiKey" SET "budgetUsd" = -1`,
])("an account is of one payer and never below nothing: %s is refused", async (statement) => {
  const client = new pg.Client(url);
  await client.connect();
  await expect(client.query(statement)).rejects.toMatchObject({ code: "23514" });
  await client.end();
});
