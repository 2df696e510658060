import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Database, newId, openDatabase, type Prisma } from "@understudy/database";
import { claimJobs, createJobs } from "@understudy/jobs";
import { createTestDatabase, eventually, newClaim, type TestDatabase } from "@understudy/testkit";
import type { CallIntent } from "../src/call.ts";
import { costs } from "../src/costs.ts";
import { Ledger } from "../src/ledger.ts";
import { Money } from "../src/money.ts";
import { resolveUnknownCall } from "../src/resolve-unknown.ts";
import { begun } from "./running-jobs.ts";

const ledgerCount = 4;
const creators = ["psy", "katyperry", "eminem"];
const callsOfEach = 90;
/** Calls at once of each ledger. */
const lanes = 9;

let testDatabase: TestDatabase;
/** Each with connections of its own, as worker processes have. */
let databases: Database[];
let reader: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  databases = Array.from({ length: ledgerCount }, () => openDatabase(testDatabase.url, 6));
  reader = openDatabase(testDatabase.url, 3);
  await reader.prisma.creator.createMany({ data: creators.map((id) => ({ id, planName: "business" })) });
});

afterAll(async () => {
  await Promise.all([...databases, reader].map((database) => database.close()));
  await testDatabase.drop();
});

/** Rows that stand in DailyUsage or follow from UsageLog, but not both. */
function differences(transaction: Prisma.TransactionClient): Promise<unknown[]> {
  return transaction.$queryRaw`
    WITH daily AS (SELECT * FROM "DailyUsage" WHERE "calls" <> 0 OR "costUsd" <> 0 OR "unknownUsd" <> 0), summed AS (
      SELECT ("startedAt" AT TIME ZONE 'UTC')::date AS "day", "creatorId", "agentId", call."model", "feature", count(*)::int AS "calls",
        sum("inputTokens") AS "inputTokens", sum("cachedTokens") AS "cachedTokens", sum("outputTokens") AS "outputTokens",
        sum("thoughtTokens") AS "thoughtTokens", coalesce(sum("costUsd"), 0) AS "costUsd",
        coalesce(sum("holdUsd") FILTER (WHERE "status" = 'unknown'), 0) AS "unknownUsd",
        sum(understudy_cache_saved_usd(price, "inputTokens", "cachedTokens")) AS "cacheSavedUsd",
        sum(understudy_thoughts_usd(price, "inputTokens", "thoughtTokens")) AS "thoughtsUsd"
      FROM "UsageLog" AS call JOIN "Price" AS price ON price."id" = call."priceId" WHERE "status" <> 'started' GROUP BY 1, 2, 3, 4, 5
    )
    (SELECT * FROM daily EXCEPT SELECT * FROM summed) UNION ALL (SELECT * FROM summed EXCEPT SELECT * FROM daily)`;
}

/** Both tables in one snapshot. */
function readOnce(): Promise<{ differences: unknown[]; open: number; ended: number }> {
  return reader.prisma.$transaction(
    async (transaction) => {
      const open = await transaction.usageLog.count({ where: { status: "started" } });
      const ended = await transaction.usageLog.count({ where: { status: { not: "started" } } });
      return { differences: await differences(transaction), open, ended };
    },
    { isolationLevel: "RepeatableRead", timeout: 60_000, maxWait: 60_000 },
  );
}

async function intent(database: Database, ledger: Ledger, index: number): Promise<CallIntent> {
  const jobId = newId("job");
  const creatorId = creators[index % creators.length] ?? "";
  const model = ["gemini-2.5-flash", "gemini-2.5-pro"][index % 2] ?? "";
  const feature = ["fan_message", "caption", "sale"][(index >> 1) % 3] ?? "";
  const job = { agent: "test", feature, model, input: {}, priority: 1, inputBytes: 2, requiredUsd: "0" };
  await createJobs(database, [{ ...job, id: jobId, creatorId, createCreator: true }]);
  await claimJobs(database, [newClaim(jobId, { timeoutSeconds: 600 })]);
  const price = await ledger.prices.priceOf(model, "standard", new Date());
  if (!price) throw new Error("no price");
  return {
    id: ledger.newCallId(),
    jobId,
    attempt: 1,
    stepKey: "draft",
    creatorId,
    agentId: ["messaging_ai", "content_ai"][(index >> 3) % 2] ?? "",
    feature,
    price,
    routedTo: [],
    holdUsd: new Money("0.05").plus(new Money(index).times("0.000000000007")),
    worstUsd: new Money("0.05"),
    promptWorstUsd: new Money("0.01"),
    reserveUsd: new Money(0),
    // Every third answer is lost.
    timeoutSeconds: index % 3 === 0 ? 0 : 60,
  };
}

/** A call's whole life: settled, refused, lost for ever, lost and answered late, or lost and settled by an operator. */
async function live(database: Database, ledger: Ledger, index: number): Promise<void> {
  const wish = await intent(database, ledger, index);
  expect(await ledger.openCall(wish)).toMatchObject({ kind: "open" });
  const answered = {
    kind: "answered",
    usage: { promptTokenCount: 1000 + index, cachedContentTokenCount: index, candidatesTokenCount: 50 },
    serviceTier: "standard",
    provider: "emulator",
  } as const;
  if (index % 3 !== 0) {
    await ledger.endCall(
      begun(wish),
      index % 3 === 1 ? answered : { kind: "refused", errorCode: "resource_exhausted" },
    );
    return;
  }
  await eventually(async () => {
    await ledger.giveUpCalls(3);
    const { status } = await database.prisma.usageLog.findUniqueOrThrow({ where: { id: wish.id } });
    expect(status).toBe("unknown");
  });
  if (index % 4 === 0) await ledger.endCall(begun(wish), answered);
  if (index % 4 === 1) await resolveUnknownCall(database, wish.id, { costUsd: "0.0123" });
}

describe("DailyUsage", () => {
  it("equals the ended calls in every snapshot, however many write at once", async () => {
    let isWriting = true;
    const writers = Promise.all(
      databases.flatMap((database, number) => {
        const ledger = new Ledger(database);
        return Array.from({ length: lanes }, async (_, lane) => {
          for (let index = lane; index < callsOfEach; index += lanes) {
            await live(database, ledger, number * callsOfEach + index);
          }
        });
      }),
    ).finally(() => {
      isWriting = false;
    });

    const reads: Awaited<ReturnType<typeof readOnce>>[] = [];
    while (isWriting) {
      const read = await readOnce();
      expect(read.differences).toEqual([]);
      reads.push(read);
    }
    await writers;
    const { differences: atTheEnd, open, ended } = await readOnce();
    expect([atTheEnd, open, ended]).toEqual([[], 0, ledgerCount * callsOfEach]);
    // Or nothing was put to the test.
    expect(new Set(reads.map((read) => read.ended)).size).toBeGreaterThan(5);

    const { total } = await costs(reader, { groupBy: "creator" }, new Date());
    const calls = await reader.prisma.usageLog.findMany();
    const sum = calls.reduce((all, call) => all.plus(call.costUsd?.toFixed() ?? 0), new Money(0));
    expect([total.calls, total.costUsd]).toEqual([calls.length, sum.toFixed()]);
  });

  it("would not go unnoticed if it were otherwise", async () => {
    const undone = new Error("undone");
    await reader.prisma
      .$transaction(async (transaction) => {
        await transaction.dailyUsage.updateMany({
          where: { creatorId: "psy" },
          data: { costUsd: { increment: "1e-12" } },
        });
        expect((await differences(transaction)).length).toBeGreaterThan(0);
        throw undone;
      })
      .catch((error: unknown) => expect(error).toBe(undone));
  });
});
