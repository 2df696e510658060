import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createTestDatabase, type TestDatabase } from "@understudy/testkit";
import pg from "pg";
import { applyMigrations } from "../src/index.ts";

let database: TestDatabase;
let owner: pg.Client;
let app: pg.Client;
/** Roles are of the whole server, which other tests use as well. */
const role = `app "${randomBytes(6).toString("hex")}"`;
const name = pg.escapeIdentifier(role);

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

beforeAll(async () => {
  database = await createTestDatabase();
  owner = await connect(database.url);
  await applyMigrations(database.url, undefined, { name: role, password: "it's an older one" });
  await applyMigrations(database.url, undefined, { name: role, password: "app's \\ own" });
  await applyMigrations(database.url, undefined, { name: role });
  const url = new URL(database.url);
  url.username = encodeURIComponent(role);
  url.password = encodeURIComponent("app's \\ own");
  app = await connect(url.href);
});

afterAll(async () => {
  await app.end();
  await owner.query(`DROP OWNED BY ${name}`);
  await owner.query(`DROP ROLE ${name}`);
  await owner.end();
  await database.drop();
});

const refused = expect.objectContaining({ code: "42501" });

describe("the role of API and workers", () => {
  it("reads and writes what they need", async () => {
    await app.query(`INSERT INTO "Creator" ("id") VALUES ('psy')`);
    await app.query(`UPDATE "Creator" SET "id" = 'mia'`);
    await app.query(`DELETE FROM "Creator"`);
    await app.query(`SELECT FROM "_prisma_migrations"`);
    await app.query(`SELECT understudy_new_id('evt')`);
  });

  it("writes entries of the audit log and their outcome, and nothing else of it", async () => {
    await app.query(
      `INSERT INTO "AuditEntry" ("id", "actor", "operation", "requestId") VALUES ('aud_1', 'admin', 'x', 'r')`,
    );
    await app.query(`UPDATE "AuditEntry" SET "outcome" = 'ok', "target" = 't'`);
    for (const change of [
      `UPDATE "AuditEntry" SET "actor" = 'nobody'`,
      `DELETE FROM "AuditEntry"`,
      `TRUNCATE "AuditEntry"`,
      `ALTER TABLE "AuditEntry" DISABLE TRIGGER ALL`,
      `DROP TABLE "AuditEntry"`,
      `UPDATE "_prisma_migrations" SET rolled_back_at = now()`,
      `CREATE TABLE own (id int)`,
    ])
      await expect(app.query(change)).rejects.toEqual(refused);
    expect((await app.query(`SELECT "outcome" FROM "AuditEntry"`)).rows).toEqual([{ outcome: "ok" }]);
  });
});

it("an owner does not empty the audit log by mistake, either", async () => {
  for (const change of [
    `TRUNCATE "AuditEntry"`,
    `DELETE FROM "AuditEntry"`,
    `TRUNCATE "Creator", "AuditEntry" CASCADE`,
  ])
    await expect(owner.query(change)).rejects.toThrow("The audit log can't be changed.");
});
