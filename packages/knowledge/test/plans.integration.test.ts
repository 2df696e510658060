import { beforeAll, describe, expect, it } from "@jest/globals";
import { loadStatement } from "@understudy/database";
import { type PlannedStatement, planStatement, rowsLookedAt, tooMuchLookedAt } from "@understudy/testkit";
import { afterSuite, openSuiteDatabase } from "@understudy/testkit/suite";
import { firstReadsItem } from "../src/index.ts";

/** How Postgres goes about what many jobs ask of the knowledge and add to it, where much is known. */

const { url, database } = await openSuiteDatabase();
const jobs = 20_000;
const creators = 1_000;
const reads = firstReadsItem({ recallsUnless: "history", insights: { about: "message", limit: 10 } });

const terms = { matchesMax: 300, examplesMax: 50, exampleRelevance: 0.1, decayPerDay: 0.99, knownMax: 100 };
const cases: [name: string, item: (n: number) => object][] = [
  [
    "../../ledger/src/write-attempts",
    (n) => ({
      ...{ jobId: `job_a${n}`, attempt: 1, answers: [] },
      steps: [
        {
          ...{ key: "step", agentId: "a", result: {} },
          insight: { id: `new${n}`, scope: "creator", type: "mood", confidence: 0.5, text: "tea", data: {} },
        },
      ],
    }),
  ],
  ["find-insights", (n) => ({ number: n, creatorId: `creator${n}`, about: "tea, sea", limit: 10, ...terms })],
  [
    "conversation-before",
    (n) => ({ number: n, jobId: `job_a${n}`, creatorId: `creator${n}`, fanId: "f0", jobsMax: 100 }),
  ],
  [
    "../../jobs/src/claim-jobs",
    (n) => ({
      ...{ id: `job_q${n}`, generation: 1, claimId: "c", workerId: "w", isAlone: false, timeoutSeconds: 60 },
      reads,
    }),
  ],
  ["insights-again", (n) => ({ creatorId: `creator${n}`, ids: [`ins${n}`, "gone"] })],
  [
    "remember-fan",
    (n) => ({ jobId: `job_a${n}`, attempt: 1, fanId: "f", summary: "s", through: "2026-01-01" }),
  ],
];

/** Of each creator 20 insights are known, and looked at in some ten parts of a plan. */
const manyRows = new Map([
  ["find-insights", 400],
  ["../../jobs/src/claim-jobs", 500],
]);

/** Planned while there was nothing, and not since. */
const early = new Map<string, PlannedStatement>();

async function plan(name: string): Promise<PlannedStatement> {
  const planned = await planStatement(url, loadStatement(new URL(`../src/${name}.sql`, import.meta.url)));
  afterSuite(planned.close);
  return planned;
}

beforeAll(async () => {
  for (const [name] of cases) early.set(name, await plan(name));
  const { prisma } = database;
  await prisma.$executeRaw`INSERT INTO "Creator" ("id") SELECT 'creator' || n FROM generate_series(0, ${creators}::int) AS n`;
  await prisma.$executeRaw`
    INSERT INTO "JobRecord" ("id", "agent", "creatorId", "fanId", "feature", "model", "input")
    SELECT 'job_a' || n, 'chat', 'creator' || n % ${creators}::int, 'f' || n / ${creators}::int, 'f', 'm', '{}'
    FROM generate_series(1, ${jobs}::int) AS n`;
  await prisma.$executeRaw`
    INSERT INTO "LiveJob" ("id", "agent", "creatorId", "priority", "inputBytes", "createdAt", "status", "attempt", "startedAt", "attemptDeadlineAt")
    SELECT "id", "agent", "creatorId", "priority", "inputBytes", "createdAt", 'running', 1, now(), now() FROM "JobRecord"`;
  await prisma.$executeRaw`
    INSERT INTO "Step" ("jobId", "key", "agentId", "result") SELECT "id", 'earlier', 'a', '{}' FROM "LiveJob"`;
  await prisma.$executeRaw`
    INSERT INTO "JobRecord" ("id", "agent", "creatorId", "fanId", "feature", "model", "input")
    SELECT 'job_q' || n, 'chat', 'creator' || n % ${creators}::int, 'f0', 'f', 'm', '{"message": "tea, sea"}' FROM generate_series(1, ${creators}::int) AS n`;
  await prisma.$executeRaw`
    INSERT INTO "LiveJob" ("id", "agent", "creatorId", "priority", "inputBytes", "createdAt")
    SELECT "id", "agent", "creatorId", "priority", "inputBytes", "createdAt" FROM "JobRecord" WHERE "id" LIKE 'job_q%'`;
  await prisma.$executeRaw`
    INSERT INTO "Insight" ("id", "creatorId", "source", "type", "confidence", "text")
    SELECT 'ins' || n, 'creator' || n % ${creators}::int, 's', 'mood', 0.5, 'tea ' || n FROM generate_series(1, ${jobs}::int) AS n`;
});

describe.each(cases)("%s", (name, item) => {
  /** An attempt's write has some forty parts. */
  const rowsMax = (items: number) => (manyRows.get(name) ?? 45) * (items + 1);

  it.each([1, 10, 100, creators])("looks at none but what its %i items need", async (count) => {
    const items = Array.from({ length: count }, (_, place) => item(place + 1));
    const parts = await early.get(name)?.run(items);
    expect(tooMuchLookedAt(parts ?? [], rowsMax(count))).toEqual([]);
    // Its items, and a row of a table for each.
    expect(rowsLookedAt(parts ?? [])).toBeGreaterThanOrEqual(2 * count);
    await database.prisma.$executeRaw`ANALYZE`;
    expect(tooMuchLookedAt(await (await plan(name)).run(items), rowsMax(count))).toEqual([]);
  });
});
