import { beforeAll, expect, it } from "@jest/globals";
import { loadStatement } from "@understudy/database";
import { type PlannedStatement, planStatement, tooMuchLookedAt } from "@understudy/testkit";
import { afterSuite, openSuiteDatabase } from "@understudy/testkit/suite";

/** Plans from when few jobs were left, in a burst: Postgres keeps them until autovacuum has looked, a minute later. */

const { url, database } = await openSuiteDatabase();
const many = 5_000;
const items = 100;

const end = { status: "completed", result: {} };
const statements: [name: string, item: (id: string) => object][] = [
  [
    "claim-jobs",
    (id) => ({ id, generation: 1, claimId: id, workerId: "w", isAlone: false, timeoutSeconds: 60 }),
  ],
  [
    "../../ledger/src/write-attempts",
    (id) => ({ jobId: id, attempt: 1, answers: [], steps: [], end: { ...end, eventId: `evt_${id}` } }),
  ],
  ["mark-dispatched", (id) => ({ id, generation: 1 })],
  ["dispatch-absent", (id) => ({ id, generation: 1, ageSeconds: 0 })],
];

/** So many jobs wait and run. */
async function wait(name: string, jobs: number): Promise<void> {
  await database.prisma.$executeRaw`
    INSERT INTO "JobRecord" ("id", "agent", "creatorId", "feature", "model", "input")
    SELECT 'job_' || ${name} || n, 'chat', 'c', 'f', 'm', '{}' FROM generate_series(1, ${jobs}::int) AS n`;
  await database.prisma.$executeRaw`
    INSERT INTO "LiveJob" ("id", "agent", "creatorId", "priority", "inputBytes", "createdAt", "status", "attempt", "startedAt", "attemptDeadlineAt")
    SELECT 'job_' || ${name} || n, 'chat', 'c', 1, 2, now(), CASE WHEN n % 2 = 0 THEN 'running' ELSE 'queued' END::"JobStatus", 1, now(), now()
    FROM generate_series(1, ${jobs}::int) AS n`;
}

const early = new Map<string, PlannedStatement>();

beforeAll(async () => {
  await database.prisma.creator.create({ data: { id: "c" } });
  await wait("few", 3);
  await database.prisma.$executeRaw`VACUUM ANALYZE "LiveJob"`;
  for (const [name] of statements) {
    const plan = await planStatement(url, loadStatement(new URL(`../src/${name}.sql`, import.meta.url)));
    afterSuite(plan.close);
    early.set(name, plan);
  }
  await wait("many", many);
});

it.each(statements)("%s looks at its own alone", async (name, item) => {
  const asked = Array.from({ length: items }, (_, place) => item(`job_many${many - place}`));
  expect(tooMuchLookedAt((await early.get(name)?.run(asked)) ?? [], 40 * items)).toEqual([]);
});

it("a page of queued jobs is no longer for what waits behind it, by a plan from when most of them ran", async () => {
  await database.prisma
    .$executeRaw`UPDATE "LiveJob" SET "status" = 'running', "startedAt" = now(), "attemptDeadlineAt" = now()`;
  await database.prisma.$executeRaw`VACUUM ANALYZE "LiveJob"`;
  const plan = await planStatement(url, loadStatement(new URL("../src/queued-jobs.sql", import.meta.url)));
  afterSuite(plan.close);
  await database.prisma.$executeRaw`UPDATE "LiveJob" SET "status" = 'queued', "attemptDeadlineAt" = NULL`;
  expect(tooMuchLookedAt(await plan.run([{ afterId: "", limit: items }]), 40 * items)).toEqual([]);
});

it("is what the sessions of API and worker are set to", async () => {
  const [settings] = await database.execute<object>({
    name: "",
    text: `SELECT current_setting('enable_seqscan') AS "seqScan", current_setting('jit') AS "jit"`,
  });
  expect(settings).toEqual({ seqScan: "off", jit: "off" });
});
