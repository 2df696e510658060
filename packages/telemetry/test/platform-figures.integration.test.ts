import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Database, openDatabase } from "@understudy/database";
import { createTestDatabase, type TestDatabase } from "@understudy/testkit";
import { readPlatformFigures } from "../src/platform/platform-figures.ts";

const statement = readFileSync(new URL("../src/platform/platform-figures.sql", import.meta.url), "utf8");

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url, 2);
});

afterAll(async () => {
  await database?.close();
  await testDatabase?.drop();
});

const run = (sql: string) => database.prisma.$executeRawUnsafe(sql);

test("the figures are those of the rows, and no table that grows is read as a whole for them", async () => {
  await run(
    `INSERT INTO "Creator" ("id", "pausedAt") SELECT 'c' || n, CASE WHEN n < 3 THEN now() END FROM generate_series(1, 5000) n`,
  );
  await run(`
    INSERT INTO "JobRecord" ("id", "agent", "creatorId", "feature", "model", "input", "status", "result", "finishedAt")
    SELECT 'job_' || n, 'test', 'c' || (1 + n % 5000), 'f', 'm', '{}', CASE WHEN n > 60 THEN 'completed' END::"JobStatus",
      CASE WHEN n > 60 THEN '{}'::jsonb END, CASE WHEN n > 60 THEN now() END
    FROM generate_series(1, 30000) n`);
  await run(`
    INSERT INTO "LiveJob" ("id", "agent", "creatorId", "priority", "inputBytes", "createdAt", "waitingFor", "neededUsd", "dispatchedAt")
    SELECT "id", "agent", "creatorId", "priority", "inputBytes", "createdAt",
      CASE WHEN n <= 10 THEN 'quota' WHEN n <= 30 THEN 'paused' END::"WaitingFor", CASE WHEN n <= 30 THEN 1 END,
      CASE WHEN n > 45 THEN now() END
    FROM generate_series(1, 60) n JOIN "JobRecord" ON "id" = 'job_' || n`);
  await run(`
    INSERT INTO "Outbox" ("id", "type", "jobId", "createdAt", "publishedAt")
    SELECT 'evt_' || n, 'job.completed', 'job_' || n, now() - interval '90 seconds', CASE WHEN n > 7 THEN now() END
    FROM generate_series(1, 30000) n`);
  await run(`
    INSERT INTO "Account" ("id", "kind", "creatorId", "month", "spentUsd", "heldUsd")
    SELECT "id", "kind", "ofCreator", "ofMonth", 0.000000000004, 2
    FROM understudy_payers('c1', NULL, date_trunc('month', now() AT TIME ZONE 'UTC')::date)`);
  await run("ANALYZE");

  const figures = await readPlatformFigures(database);
  expect(figures).toMatchObject({
    waitingForQuota: 10,
    waitingForSpending: 20,
    undispatched: 15,
    running: 0,
    openCalls: 0,
    spendingStopped: false,
    spentUsd: "0.000000000004",
    outbox: 7,
    endpoints: {},
    alerts: {},
  });
  expect(figures.pausedCreators.sort()).toEqual(["c1", "c2"]);
  expect(figures.outboxSeconds).toBeGreaterThanOrEqual(90);

  const plan = await database.prisma.$queryRawUnsafe<{ "QUERY PLAN": string }[]>(`EXPLAIN ${statement}`);
  const scanned = plan.flatMap((line) => /Seq Scan on "?(\w+)/.exec(line["QUERY PLAN"])?.[1] ?? []);
  for (const table of ["JobRecord", "Outbox", "Creator"]) expect(scanned).not.toContain(table);
});
