import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { applyMigrations } from "@understudy/database";
import { createTestDatabase, temporaryDirectory } from "@understudy/testkit";
import { afterSuite } from "@understudy/testkit/suite";
import pg from "pg";

/** Jobs from before there were two tables, as the migration finds them and leaves them. */

const migrations = fileURLToPath(new URL("../../../prisma/migrations/", import.meta.url));
const { url, drop } = await createTestDatabase();
afterSuite(drop);
const before = await temporaryDirectory();
afterSuite(before.remove);
const client = new pg.Client(url);

const jobs = `
  INSERT INTO "Creator" ("id") VALUES ('abba');
  INSERT INTO "Job" ("id", "agent", "creatorId", "feature", "model", "input", "inputBytes", "status", "waitingFor", "neededUsd", "priority",
    "expiresAt", "generation", "attempt", "fences", "crashes", "tries", "retries", "hasToken", "isPutOff", "claimId", "workerId", "runAt",
    "attemptDeadlineAt", "heldUsd", "heldMonth", "dispatchedAt", "startedAt")
  VALUES
    ('job_waits', 'chat', 'abba', 'f', 'm', '{"a": 1}', 8, 'queued', 'quota', 0.5, 7, '2027-01-01', 3, 2, 1, 2, 1, 1, true, true, NULL,
      NULL, '2026-12-01', NULL, 0.25, '2026-11-01', NULL, '2026-11-30'),
    ('job_runs', 'chat', 'abba', 'f', 'm', '{"a": 2}', 8, 'running', NULL, NULL, 1, NULL, 1, 1, 0, 0, 0, 0, true, false, 'claim',
      'worker_1', NULL, '2026-12-01', 0.5, '2026-11-01', '2026-11-30', '2026-11-30');
  INSERT INTO "Job" ("id", "agent", "creatorId", "feature", "model", "input", "status", "result", "generation", "attempt", "dispatchedAt",
    "startedAt", "finishedAt")
  VALUES ('job_done', 'chat', 'abba', 'f', 'm', '{}', 'completed', '{"x": 1}', 2, 3, '2026-11-30', '2026-11-30', '2026-11-30');
  INSERT INTO "Job" ("id", "agent", "creatorId", "feature", "model", "input", "status", "errorCode", "errorMessage", "errorRetryable",
    "dispatchedAt", "startedAt", "finishedAt", "heldUsd", "heldMonth")
  VALUES
    ('job_failed', 'chat', 'abba', 'f', 'm', '{}', 'failed', 'timed_out', 'Late.', true, '2026-11-30', '2026-11-30', '2026-11-29', 2, '2026-11-01'),
    ('job_late', 'chat', 'abba', 'f', 'm', '{}', 'failed', 'expired', 'Late.', false, '2026-11-30', NULL, '2026-11-28', 0, NULL),
    ('job_never', 'chat', 'abba', 'f', 'm', '{}', 'failed', 'expired', 'Late.', false, NULL, NULL, '2026-11-28', 0, NULL)`;

/** All but what is told of a job only while it has not ended. */
const asTold = `
  SELECT to_jsonb("Job") - ARRAY(SELECT unnest(ARRAY['dispatchedAt', 'workerId', 'claimId', 'attemptDeadlineAt', 'runAt', 'hasToken', 'isPutOff'])
    WHERE "finishedAt" IS NOT NULL) AS "job"
  FROM "Job" ORDER BY "id"`;

let told: unknown[];

beforeAll(async () => {
  for (const name of readdirSync(migrations).filter((name) => /^\d/.test(name) && name < "202611301459")) {
    cpSync(join(migrations, name), join(before.path, name), { recursive: true });
  }
  await client.connect();
  afterSuite(() => client.end());
  await client.query(
    "DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP TABLE IF EXISTS _prisma_migrations",
  );
  await applyMigrations(url, pathToFileURL(`${before.path}/`));
  await client.query(jobs);
  told = (await client.query(asTold)).rows;
  // What a worker of the release before is paid for meanwhile, it could not settle.
  await client.query(`INSERT INTO "Lease" VALUES ('worker_1', 'x', now(), now() + interval '8 s')`);
  await expect(applyMigrations(url)).rejects.toThrow("stop them and the API, then migrate");
  expect((await client.query(asTold)).rows).toEqual(told);
  await client.query(`DELETE FROM "Lease"`);
  expect(await applyMigrations(url)).toContain("20261130150000_live_jobs");
});

const idsOf = async (sql: string) =>
  (await client.query<{ id: string }>(sql)).rows.map(({ id }) => id).toSorted();

describe("jobs from before there were two tables", () => {
  it("are as they were", async () => {
    expect((await client.query(asTold)).rows).toEqual(told);
  });

  it("are among the live until they end, and found among those that failed, hold, or stand in a lane", async () => {
    expect(await idsOf(`SELECT "id" FROM "LiveJob"`)).toEqual(["job_runs", "job_waits"]);
    expect(
      await idsOf(`SELECT "id" FROM "JobRecord" WHERE "finishedAt" IS NULL AND "status" IS NULL`),
    ).toEqual(["job_runs", "job_waits"]);
    expect(await idsOf(`SELECT "id" FROM "JobRecord" WHERE "failedAt" = "finishedAt"`)).toEqual([
      "job_failed",
      "job_late",
      "job_never",
    ]);
    expect(await idsOf(`SELECT "id" FROM "JobRecord" WHERE "inLane"`)).toEqual(["job_late"]);
    expect(await idsOf(`SELECT "id" || ' ' || trim_scale("heldUsd") AS "id" FROM "JobHold"`)).toEqual([
      "job_failed 2",
      "job_runs 0.5",
      "job_waits 0.25",
    ]);
  });

  it.each([
    `UPDATE "LiveJob" SET "status" = 'completed'`,
    `UPDATE "LiveJob" SET "status" = 'running', "attempt" = 0 WHERE "id" = 'job_waits'`,
    `UPDATE "LiveJob" SET "waitingFor" = 'quota' WHERE "id" = 'job_runs'`,
    `UPDATE "LiveJob" SET "heldUsd" = -1`,
    `UPDATE "JobRecord" SET "status" = 'running' WHERE "id" = 'job_runs'`,
    `UPDATE "JobRecord" SET "status" = 'completed', "finishedAt" = now() WHERE "id" = 'job_runs'`,
    `UPDATE "JobRecord" SET "status" = 'failed', "finishedAt" = now() WHERE "id" = 'job_runs'`,
    `UPDATE "JobRecord" SET "status" = 'cancelled' WHERE "id" = 'job_runs'`,
    `UPDATE "JobRecord" SET "result" = '{}' WHERE "id" = 'job_runs'`,
  ])("keep the rules of each table: %s is refused", async (statement) => {
    await expect(client.query(statement)).rejects.toMatchObject({ code: "23514" });
  });

  it.each(["done", "late"])("that have ended keep their state: %s", async (id) => {
    await expect(
      client.query(
        `UPDATE "JobRecord" SET "status" = 'cancelled', "result" = NULL, "errorCode" = NULL, "errorMessage" = NULL, "errorRetryable" = NULL
         WHERE "id" = $1`,
        [`job_${id}`],
      ),
    ).rejects.toThrow("a terminal job keeps its state");
  });

  it("are not written through the view", async () => {
    await expect(client.query(`UPDATE "Job" SET "attempt" = 9`)).rejects.toThrow('cannot update view "Job"');
  });
});

it("the end of a completed job writes no entry of an index", async () => {
  await client.query(`
    BEGIN;
    UPDATE "JobRecord" SET "status" = 'completed', "result" = '{}', "finishedAt" = now(), "startedAt" = now(), "attempt" = 1
      WHERE "id" = 'job_runs'`);
  const { rows } = await client.query(
    `SELECT n_tup_upd::int AS "updates", n_tup_hot_upd::int AS "hot" FROM pg_stat_xact_user_tables WHERE relname = 'JobRecord'`,
  );
  await client.query("ROLLBACK");
  expect(rows).toEqual([{ updates: 1, hot: 1 }]);
});
