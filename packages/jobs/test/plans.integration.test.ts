import { beforeAll, describe, expect, it } from "@jest/globals";
import { loadStatement, type Statement } from "@understudy/database";
import { type PlannedStatement, planStatement, rowsLookedAt, tooMuchLookedAt } from "@understudy/testkit";
import { afterSuite, openSuiteDatabase } from "@understudy/testkit/suite";

/** How Postgres goes about each statement of a job's life, where many jobs have ended, run and wait. */

const { url, database } = await openSuiteDatabase();
const endedMany = 20_000;
const many = 1_000;

type Case = [
  name: string,
  state: "queued" | "dispatched" | "running" | "cancelled",
  item: (id: string) => object,
];

const end = { status: "completed", result: {}, eventId: "" };
const claim = { generation: 1, workerId: "w", isAlone: false, timeoutSeconds: 60 };
const newJob = {
  ...{ agent: "chat", feature: "f", model: "m", input: {}, inputBytes: 2, priority: 1 },
  ...{ createCreator: true, requiredUsd: "0", platformQuotaUsd: "100" },
};
const cases: Case[] = [
  ["claim-jobs", "queued", (id) => ({ ...claim, id, claimId: id })],
  [
    "../../ledger/src/write-attempts",
    "running",
    (id) => ({ jobId: id, attempt: 1, answers: [], steps: [], end: { ...end, eventId: `evt_${id}` } }),
  ],
  ["put-off-job", "running", (id) => ({ id, attempt: 1, waitingFor: "worker", delayMs: 0, isTry: false })],
  ["cancel-job", "running", (id) => ({ id, eventId: `evt_${id}` })],
  ["fail-unknown-agents", "queued", (id) => ({ id, generation: 1, ageSeconds: 0, eventId: `evt_${id}` })],
  ["changed-states", "running", (id) => ({ id, seen: null })],
  ["stopped-attempts", "running", (id) => ({ id, attempt: 2 })],
  ["mark-dispatched", "queued", (id) => ({ id, generation: 1 })],
  ["dispatch-again", "dispatched", (id) => ({ id, generation: 1, delaySeconds: 0 })],
  ["dispatch-absent", "dispatched", (id) => ({ id, generation: 1, ageSeconds: 0 })],
  ["released-jobs", "dispatched", (id) => ({ id, generation: 1 })],
  [
    "create-jobs",
    "queued",
    (id) => ({ ...newJob, id: `${id}new`, creatorId: id.replace("job_queued", "creator") }),
  ],
  // For which there is no room.
  ["create-jobs", "cancelled", (id) => ({ ...newJob, id: `${id}new`, creatorId: "c", requiredUsd: "1000" })],
  ["create-jobs", "running", (id) => ({ ...newJob, id: `${id}new`, creatorId: "c" })],
  ["find-repeated-jobs", "queued", (id) => ({ ownerId: "o", key: id })],
  ["note-admissions", "queued", (id) => ({ ownerId: "o", key: id, jobId: id, admission: {} })],
  ["mark-left-lane", "cancelled", (id) => ({ id })],
];

const statements = new Map<string, Statement>(
  cases.map(([name]) => [name, loadStatement(new URL(`../src/${name}.sql`, import.meta.url))]),
);

/** Planned while there were no jobs, and not since. */
const early = new Map<string, PlannedStatement>();

beforeAll(async () => {
  for (const [name, statement] of statements) {
    const planned = await planStatement(url, statement);
    early.set(name, planned);
    afterSuite(planned.close);
  }
  await database.prisma.creator.create({ data: { id: "c" } });
  await database.prisma.$executeRaw`
    INSERT INTO "Creator" ("id") SELECT 'creator' || n FROM generate_series(1, ${endedMany}::int) AS n`;
  await database.prisma.$executeRaw`
    INSERT INTO "Account" ("id", "kind", "creatorId", "month")
    SELECT 'creator:creator' || n || ':2020-01', 'creator_month', 'creator' || n, '2020-01-01' FROM generate_series(1, ${endedMany}::int) AS n`;
  for (const [state, jobs] of [
    ["completed", endedMany],
    ["queued", many],
    ["dispatched", many],
    ["running", many],
    ["cancelled", many],
  ] as const) {
    const [hasEnded, isRunning] = [["completed", "cancelled"].includes(state), state === "running"];
    await database.prisma.$executeRaw`
      INSERT INTO "JobRecord" ("id", "agent", "creatorId", "feature", "model", "input", "status", "attempt", "startedAt", "finishedAt",
        "result", "inLane")
      SELECT 'job_' || ${state} || n, 'chat', 'c', 'f', 'm', '{}', CASE WHEN ${hasEnded} THEN ${hasEnded ? state : null}::"JobStatus" END,
        CASE WHEN ${state} = 'completed' THEN 1 ELSE 0 END, CASE WHEN ${state} = 'completed' THEN now() END,
        CASE WHEN ${hasEnded} THEN now() END, CASE WHEN ${state} = 'completed' THEN '{}'::jsonb END, ${state} = 'cancelled'
      FROM generate_series(1, ${jobs}::int) AS n`;
    if (!hasEnded)
      await database.prisma.$executeRaw`
        INSERT INTO "LiveJob" ("id", "agent", "creatorId", "priority", "inputBytes", "createdAt", "status", "attempt", "workerId",
          "startedAt", "attemptDeadlineAt", "dispatchedAt")
        SELECT 'job_' || ${state} || n, 'chat', 'c', 1, 2, now(), ${isRunning ? "running" : "queued"}::"JobStatus",
          CASE WHEN ${isRunning} THEN 1 ELSE 0 END, CASE WHEN ${isRunning} THEN 'w' END, CASE WHEN ${isRunning} THEN now() END,
          CASE WHEN ${isRunning} THEN now() END, CASE WHEN ${state} <> 'queued' THEN now() - interval '1 hour' END
        FROM generate_series(1, ${jobs}::int) AS n`;
    await database.prisma.$executeRaw`
      INSERT INTO "IdempotencyRecord" ("ownerId", "key", "fingerprint", "jobId")
      SELECT 'o', 'job_' || ${state} || n, 'f', 'job_' || ${state} || n FROM generate_series(1, ${jobs}::int) AS n`;
  }
});

const itemsOf = ([, state, item]: Case, count: number) =>
  Array.from({ length: count }, (_, place) => item(`job_${state}${place + 1}`));

/** For each item so many rows at most, in all parts of a plan together. */
const rowsMax = (items: number) => 40 * (items + 1);

describe.each(cases)("%s", (...asked) => {
  const [name] = asked;
  // A cancel is of one job.
  const counts = name === "cancel-job" ? [1] : [1, many];

  it.each(counts)("looks at none but its %i jobs, by a plan from before there were any", async (count) => {
    const plan = await early.get(name)?.run(itemsOf(asked, count));
    expect(tooMuchLookedAt(plan ?? [], rowsMax(count))).toEqual([]);
    // Its items, and a row of a table for each.
    expect(rowsLookedAt(plan ?? [])).toBeGreaterThanOrEqual(2 * count);
  });

  it.each(counts)("looks at none but its %i jobs, by a plan from now", async (count) => {
    await database.prisma
      .$executeRaw`ANALYZE "JobRecord", "LiveJob", "Creator", "Account", "IdempotencyRecord"`;
    const planned = await planStatement(url, statements.get(name) as Statement);
    expect(tooMuchLookedAt(await planned.run(itemsOf(asked, count)), rowsMax(count))).toEqual([]);
    await planned.close();
  });
});
