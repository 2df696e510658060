import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "@jest/globals";
import { loadStatement } from "@understudy/database";
import { afterSuite, openSuiteDatabase } from "@understudy/testkit/suite";
import pg from "pg";
import { type Column, type Description, describe as described } from "./statements/description.ts";
import { faultsOf } from "./statements/faults.ts";
import { statementUses, type Use } from "./statements/uses.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** No statements of the product's: they set a database up, and are sent as they are. */
const scripts = [
  "packages/database/src/grant-app-role.sql",
  "packages/database/src/prisma-migrations-table.sql",
  "packages/ledger/test/note-bounds-passed.sql",
  "packages/testkit/src/plant-jobs.sql",
  "packages/testkit/src/strict-database.sql",
];

/** Columns that may be null in their table and are not in what the statement gives. */
const neverNull = new Map([
  ["packages/jobs/src/failures.sql", ["code"]],
  [
    // Of a view Postgres does not say what is never null.
    "packages/jobs/src/read-jobs.sql",
    [
      ...["id", "agent", "creatorId", "model", "feature", "status", "generation", "attempt", "fences"],
      ...["retries", "createdAt"],
    ],
  ],
  ["packages/ledger/src/alerts/give-up-alerts.sql", ["notifiedVia"]],
  ["packages/ledger/src/alerts/raise-lowered-quotas.sql", ["creatorId"]],
  ["packages/ledger/src/alerts/raise-spend-spikes.sql", ["creatorId"]],
  ["packages/ledger/src/charges/lock-accounts.sql", ["creatorId"]],
  ["packages/webhooks/src/record-tries.sql", ["disabledReason"]],
]);

const { url } = await openSuiteDatabase(1);
const client = new pg.Client({ connectionString: url });
await client.connect();
afterSuite(() => client.end());

it("each statement takes and gives what TypeScript says", async () => {
  const uses = byFile(statementUses(root));
  const faults: string[] = [];
  for (const file of statementFiles()) {
    const { text } = loadStatement(pathToFileURL(`${root}/${file}`));
    const found = await described(client, text).then(
      (description) => faultsOf(withoutNulls(file, description), uses.get(file) ?? []),
      (error: Error) => [error.message],
    );
    faults.push(...found.map((fault) => `${file}: ${fault}`));
  }
  expect(faults).toEqual([]);
});

function withoutNulls(file: string, description: Description): Description {
  const isNever = ({ name }: Column) => neverNull.get(file)?.includes(name);
  const columns = description.columns.map((column) => ({
    ...column,
    isNullable: column.isNullable && !isNever(column),
  }));
  return { ...description, columns };
}

function statementFiles(): string[] {
  const listed = execFileSync("git", ["ls-files", "*.sql", ":!prisma"], { cwd: root, encoding: "utf8" });
  // Git lists what was deleted and is not committed, too.
  const files = listed
    .split("\n")
    .filter((file) => file && !scripts.includes(file) && existsSync(`${root}/${file}`));
  const included = new Set(files.flatMap(includedBy));
  return files.filter((file) => !included.has(file));
}

/** Lines that it shares with others, and that are no statement by themselves. */
function includedBy(file: string): string[] {
  const includes = readFileSync(`${root}/${file}`, "utf8").matchAll(/^-- include (\S+)$/gm);
  return Array.from(includes, ([, path = ""]) => posix.join(posix.dirname(file), path));
}

function byFile(uses: readonly Use[]): Map<string, Use[]> {
  const files = new Map<string, Use[]>();
  for (const use of uses) files.set(use.file, [...(files.get(use.file) ?? []), use]);
  return files;
}

it("what a statement reads of its items is found in it", async () => {
  const { items } = await described(
    client,
    `SELECT request."id", $1::jsonb -> 0 ->> 'word' AS "word"
     FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "status" "JobStatus", "steps" jsonb)
     CROSS JOIN jsonb_to_recordset(request."steps") AS step("n" int)
     JOIN "JobRecord" AS job ON true LEFT JOIN "LiveJob" AS live ON live."id" = job."id"
     WHERE understudy_job_matches(job, live, $1::jsonb -> 0)`,
  );
  expect(items?.slice(0, 4)).toMatchObject([
    { name: "id", type: "text", words: null, fields: [] },
    { name: "status", type: '"JobStatus"', words: expect.arrayContaining(["queued", "running"]) },
    { name: "steps", type: "jsonb", fields: [{ name: "n", type: "integer" }] },
    { name: "word", type: undefined },
  ]);
  // By the function.
  expect(items?.map(({ name }) => name)).toEqual(expect.arrayContaining(["creatorId", "agent", "from"]));
});

it("what a statement gives is known without running it", async () => {
  const { columns } = await described(
    client,
    `DELETE FROM "LiveJob" RETURNING "id", "status", "workerId", 1 AS "one"`,
  );
  expect(columns).toMatchObject([
    { name: "id", type: "text", words: null, isNullable: false },
    { name: "status", type: '"JobStatus"', words: expect.arrayContaining(["queued"]) },
    { name: "workerId", type: "text", isNullable: true },
    { name: "one", type: "integer", isNullable: false },
  ]);
  await expect(described(client, `SELECT "no" FROM "Job"`)).rejects.toThrow('column "no" does not exist');
});
