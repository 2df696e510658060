import { beforeAll, expect, it } from "@jest/globals";
import { loadStatement } from "@understudy/database";
import { planStatement } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";

/** How Postgres goes about statements that are planned for what they ask, where many jobs wait and later ones have ended. */

const { url, database } = await openSuiteDatabase();
const many = 3_000;

beforeAll(async () => {
  const busy = Array.from({ length: 50 }, (_, n) => ({ id: `busy${n}` }));
  await database.prisma.creator.createMany({ data: [{ id: "quiet" }, ...busy] });
  await database.prisma.$executeRaw`
    INSERT INTO "JobRecord" ("id", "agent", "creatorId", "feature", "model", "input", "createdAt")
    SELECT 'job_old' || n, 'chat', 'busy' || n % 50, 'f', 'm', '{}', now() - interval '1 day' FROM generate_series(1, ${many}::int) AS n`;
  await database.prisma.$executeRaw`
    INSERT INTO "LiveJob" ("id", "agent", "creatorId", "priority", "inputBytes", "createdAt")
    SELECT "id", "agent", "creatorId", 1, 2, "createdAt" FROM "JobRecord"`;
  await database.prisma.$executeRaw`
    INSERT INTO "JobRecord" ("id", "agent", "creatorId", "feature", "model", "input", "status", "finishedAt", "errorCode", "errorMessage",
      "errorRetryable")
    SELECT 'job_new' || n, 'chat', 'quiet', 'f', 'm', '{}', 'failed', now(), 'x', 'x', true FROM generate_series(1, ${2 * many}::int) AS n`;
  await database.prisma.$executeRaw`ANALYZE "JobRecord", "LiveJob", "Creator"`;
});

/** Rows of a table that are looked at. */
async function rowsOf(table: string, name: string, asked: object): Promise<number> {
  const { text } = loadStatement(new URL(`../src/${name}.sql`, import.meta.url));
  const literal = `'${JSON.stringify([asked])}'`;
  const planned = await planStatement(url, { name, text: text.replaceAll("$1", () => literal) });
  const nodes = await planned.run([]);
  await planned.close();
  return nodes.filter(({ of }) => of === table).reduce((sum, { rows }) => sum + rows, 0);
}

it.each([{}, { creatorId: "busy0" }, { creatorIds: ["busy0"] }])(
  "what waits is not looked for among what ended later: %j",
  async (narrowed) => {
    const asked = { ...narrowed, status: "queued", limit: 10 };
    expect(await rowsOf("JobRecord", "list-jobs", asked)).toBe(0);
    expect(await rowsOf("LiveJob", "list-jobs", asked)).toBeGreaterThanOrEqual(10);
  },
);

it.each([{ id: "job_new1" }, { creatorId: "quiet" }])(
  "a retry counts none that wait but its creator's: %j",
  async (which) => {
    expect(await rowsOf("LiveJob", "retry-jobs", { ...which, limit: 1, laneMax: 10 })).toBeLessThan(10);
  },
);

it("a page of queued jobs begins at its id", async () => {
  expect(await rowsOf("LiveJob", "queued-jobs", { afterId: "job_old5", limit: 1 })).toBeLessThan(10);
});
