import { beforeAll, expect, it } from "@jest/globals";
import { loadStatement } from "@understudy/database";
import { planStatement, tooMuchLookedAt } from "@understudy/testkit";
import { afterSuite, openSuiteDatabase } from "@understudy/testkit/suite";
import { renewPlans } from "../src/index.ts";

/** Plans from when few jobs were left, in a burst. */

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

/** So many jobs wait, as Postgres is told or not. */
async function wait(name: string, jobs: number): Promise<void> {
  await database.prisma.$executeRaw`
    INSERT INTO "JobRecord" ("id", "agent", "creatorId", "feature", "model", "input")
    SELECT 'job_' || ${name} || n, 'chat', 'c', 'f', 'm', '{}' FROM generate_series(1, ${jobs}::int) AS n`;
  await database.prisma.$executeRaw`
    INSERT INTO "LiveJob" ("id", "agent", "creatorId", "priority", "inputBytes", "createdAt", "status", "attempt", "startedAt", "attemptDeadlineAt")
    SELECT 'job_' || ${name} || n, 'chat', 'c', 1, 2, now(), CASE WHEN n % 2 = 0 THEN 'running' ELSE 'queued' END::"JobStatus", 1, now(), now()
    FROM generate_series(1, ${jobs}::int) AS n`;
}

beforeAll(async () => {
  await database.prisma.creator.create({ data: { id: "c" } });
  await wait("few", 3);
  await database.prisma.$executeRaw`VACUUM ANALYZE "LiveJob"`;
});

it("has nothing planned anew where no more jobs wait than before", async () => {
  expect(await renewPlans(database)).toBe(false);
});

it("has statements planned anew that would read all that wait, once", async () => {
  const planned = await Promise.all(
    statements.map(async ([name, item]) => {
      const plan = await planStatement(url, loadStatement(new URL(`../src/${name}.sql`, import.meta.url)));
      afterSuite(plan.close);
      const asked = Array.from({ length: items }, (_, place) => item(`job_many${many - place}`));
      return { name, run: async () => tooMuchLookedAt(await plan.run(asked), 40 * items) };
    }),
  );
  await wait("many", many);
  // Else this tries nothing.
  for (const { run } of planned) expect(await run()).not.toEqual([]);
  expect(await renewPlans(database)).toBe(true);
  for (const { name, run } of planned) expect([name, await run()]).toEqual([name, []]);
  expect(await renewPlans(database)).toBe(false);
});

it("may be asked by who does not own the table", async () => {
  await database.prisma.$executeRaw`CREATE ROLE plans_app`;
  afterSuite(() => database.prisma.$executeRaw`DROP ROLE plans_app`);
  await wait("more", 3 * many);
  const [row] = await database.transaction(async (execute) => {
    await execute({ name: "", text: "SET LOCAL ROLE plans_app" });
    return execute<{ isRenewed: boolean }>({
      name: "",
      text: `SELECT understudy_renew_plans_of_live_jobs() AS "isRenewed"`,
    });
  });
  expect(row).toEqual({ isRenewed: true });
  expect(await renewPlans(database)).toBe(false);
});
