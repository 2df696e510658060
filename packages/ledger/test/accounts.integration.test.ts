import { beforeEach, describe, expect, it } from "@jest/globals";
import { type Database, newId } from "@understudy/database";
import { createApiKeyRow, eventually } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import fc from "fast-check";
import type { CallIntent } from "../src/call.ts";
import { Ledger } from "../src/ledger.ts";
import { resolveUnknownCall } from "../src/resolve-unknown.ts";
import { booksAmiss, startWriters, type Writer, watchBounds } from "./books.ts";
import { endJobs } from "./end-jobs.ts";
import { answered, begun, intent, intents } from "./running-jobs.ts";

const { url, database } = await openSuiteDatabase(12);
await watchBounds(url);
const ledger = new Ledger(database);

/** Of a cent's twelfth digit up: what does not come out even. */
const usd = fc.integer({ min: 1, max: 40 }).map((parts) => (parts * 0.037 + 0.000000000001).toFixed(12));

const ways = ["settled", "refused", "lost", "settled late", "resolved", "written off"] as const;

/** One job of two calls: what it holds for the second, and how each ends. */
const work = fc.record({
  creator: fc.nat(3),
  key: fc.option(fc.nat(1)),
  holdUsd: usd,
  reserveUsd: fc.option(usd),
  ends: fc.tuple(fc.constantFrom(...ways), fc.constantFrom(...ways)),
  /** How much of its hold a call costs, in percent. */
  cost: fc.nat(100),
  by: fc.nat(3),
});

type Work = typeof work extends fc.Arbitrary<infer Value> ? Value : never;

const world = fc.record({
  quotasUsd: fc.array(fc.option(usd.map((one) => (Number(one) * 6).toFixed(12))), {
    minLength: 4,
    maxLength: 4,
  }),
  budgetsUsd: fc.array(fc.option(usd.map((one) => (Number(one) * 8).toFixed(12))), {
    minLength: 2,
    maxLength: 2,
  }),
  /** Beside all that was used so far. */
  platformUsd: fc.option(fc.integer({ min: 1, max: 30 })),
  works: fc.array(work, { minLength: 20, maxLength: 50 }),
});

/** Until a call has become what it becomes on its own. */
async function untilGivenUp({ database }: Writer, id: string): Promise<void> {
  await eventually(async () => {
    const row = await database.prisma.usageLog.findUnique({ where: { id } });
    expect(row?.status).toBe("unknown");
  });
}

async function end(
  writer: Writer,
  call: CallIntent,
  way: (typeof ways)[number],
  costUsd: string,
): Promise<void> {
  const { ledger, database } = writer;
  if (way === "settled") await ledger.endCall(begun(call), answered(costUsd));
  if (way === "refused") await ledger.endCall(begun(call), { kind: "refused", errorCode: "http_400" });
  if (way === "settled" || way === "refused") return;
  await untilGivenUp(writer, call.id);
  if (way === "settled late") await ledger.endCall(begun(call), answered(costUsd));
  if (way === "resolved") await resolveUnknownCall(database, call.id, { costUsd });
  if (way === "written off") await resolveUnknownCall(database, call.id, { writeOff: true });
}

/** What `answered` can cost at the least is a prompt's price; above that a multiple of a token's. */
function costOf({ holdUsd, cost }: Work): string {
  return (Math.floor((Number(holdUsd) * cost) / 100 / 0.0000025) * 0.0000025).toFixed(7);
}

async function doWork(writer: Writer, one: Work, calls: readonly CallIntent[]): Promise<void> {
  for (const [index, call] of calls.entries()) {
    const way = one.ends[index] ?? "settled";
    const isLost = way !== "settled" && way !== "refused";
    const opening = await writer.ledger.openCall({ ...call, timeoutSeconds: isLost ? -1 : 60 });
    if (opening.kind === "open") await end(writer, call, way, costOf(one));
  }
  const [{ jobId, attempt }] = calls as [CallIntent];
  const job = { id: jobId, attempt, status: "completed", result: {}, eventId: newId("evt") } as const;
  await endJobs(writer.database, [job]);
}

async function usedByAll({ prisma }: Database): Promise<number> {
  const accounts = await prisma.account.findMany({ where: { kind: "platform_month" } });
  return accounts.reduce((sum, { usedUsd, heldUsd }) => sum + usedUsd.toNumber() + heldUsd.toNumber(), 0);
}

async function callsOf(works: readonly Work[], creators: string[], keys: string[]): Promise<CallIntent[][]> {
  const first = await intents(
    database,
    ledger,
    works.map(({ creator, key, holdUsd, reserveUsd }) => ({
      creatorId: creators[creator] ?? "",
      ...(key !== null && { apiKeyId: keys[key] ?? "" }),
      ...(reserveUsd !== null && { reserveUsd }),
      holdUsd,
    })),
  );
  return Promise.all(
    first.map(async (call, index) => {
      const { jobId: id, attempt, creatorId } = call;
      const second = await intent(ledger, { id, attempt, creatorId }, works[index]?.holdUsd ?? "0");
      return [call, second];
    }),
  );
}

/** What `watchBounds` watches. */
async function boundPlatform(usd?: string): Promise<void> {
  await database.prisma.$executeRaw`DELETE FROM "PlatformBound"`;
  await database.prisma.$executeRaw`INSERT INTO "PlatformBound" VALUES (${usd ?? null}::numeric)`;
}

beforeEach(() => boundPlatform());

describe("accounts of every kind", () => {
  it("are the sums of their calls and pass no bound, whoever writes at once", async () => {
    const property = fc.asyncProperty(world, async ({ quotasUsd, budgetsUsd, platformUsd, works }) => {
      const creators = quotasUsd.map(() => newId("evt"));
      await database.prisma.creator.createMany({
        data: creators.map((id, index) => ({ id, planName: "business", quotaUsd: quotasUsd[index] ?? null })),
      });
      const keys = await Promise.all(budgetsUsd.map((budgetUsd) => createApiKeyRow(database, budgetUsd)));
      const platformQuotaUsd =
        platformUsd === null ? undefined : ((await usedByAll(database)) + platformUsd).toFixed(12);
      await database.prisma.$executeRaw`DELETE FROM "PlatformBound"`;
      await database.prisma
        .$executeRaw`INSERT INTO "PlatformBound" VALUES (${platformQuotaUsd ?? null}::numeric)`;

      const writers = startWriters(url, 4, { platformQuotaUsd });
      const calls = await callsOf(works, creators, keys);
      let isOver = false;
      const sweeps = writers.map(async ({ ledger }) => {
        while (!isOver) {
          await ledger.giveUpCalls(5);
          await ledger.releaseJobHolds(5);
          await ledger.wakeWaitingJobs(5);
        }
      });
      await Promise.all(
        works.map((one, index) => doWork(writers[one.by] as Writer, one, calls[index] as CallIntent[])),
      );
      isOver = true;
      await Promise.all(sweeps);
      while ((await ledger.giveUpCalls(100)).length + (await ledger.releaseJobHolds(100)).length > 0);
      expect(await booksAmiss(database, writers)).toEqual([]);
      const held = { heldUsd: { gt: 0 } };
      expect(await database.prisma.account.findMany({ where: held })).toEqual([]);
    });
    await fc.assert(property, { numRuns: 8, endOnFailure: true });
  });

  it("are right where eight writers share one creator, to whom all is given that fits", async () => {
    const creatorId = newId("evt");
    await database.prisma.creator.create({ data: { id: creatorId, quotaUsd: "20.000000000001" } });
    const writers = startWriters(url, 8);
    const calls = await intents(
      database,
      ledger,
      Array.from({ length: 400 }, () => ({ creatorId, holdUsd: "0.1" })),
    );
    const openings = await Promise.all(
      calls.map(async (call, index) => {
        const { ledger } = writers[index % 8] as Writer;
        const { kind } = await ledger.openCall(call);
        // Half of them cost what was held; the others make room again.
        if (kind === "open") await ledger.endCall(begun(call), answered(index % 16 < 8 ? "0.1" : "0.05"));
        return kind;
      }),
    );
    expect(await booksAmiss(database, writers)).toEqual([]);
    const account = await database.prisma.account.findFirstOrThrow({ where: { creatorId } });
    const opened = openings.filter((kind) => kind === "open").length;
    expect(opened).toBeGreaterThanOrEqual(200);
    expect(account.usedUsd.toNumber()).toBeGreaterThan(opened * 0.05);
    expect(account.heldUsd.toFixed()).toBe("0");
  });

  it("are opened once, whoever needs them first", async () => {
    const writers = startWriters(url, 8);
    const creatorIds = Array.from({ length: 5 }, () => newId("evt"));
    const apiKeyId = await createApiKeyRow(database, null);
    await database.prisma.account.delete({ where: { apiKeyId } });
    const wishes = Array.from({ length: 80 }, (_, index) => ({
      creatorId: creatorIds[index % 5] ?? "",
      apiKeyId,
      holdUsd: "0.01",
    }));
    const calls = await intents(database, ledger, wishes);
    const openings = await Promise.all(
      calls.map((call, index) => (writers[index % 8] as Writer).ledger.openCall(call)),
    );
    expect(new Set(openings.map(({ kind }) => kind))).toEqual(new Set(["open"]));
    const { heldUsd } = await database.prisma.account.findUniqueOrThrow({ where: { apiKeyId } });
    expect(heldUsd.toFixed()).toBe("0.8");
    expect(await booksAmiss(database, writers)).toEqual([]);
  });
});
