import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Charge } from "@understudy/contracts";
import { type Database, loadStatement, openDatabase } from "@understudy/database";
import {
  createPastCalls,
  createTestDatabase,
  eventually,
  pastMonth,
  type TestDatabase,
} from "@understudy/testkit";
import pg from "pg";
import type { AttemptWritten } from "../../src/attempt-writes.ts";
import { charges, closeDueMonths, closeMonth } from "../../src/index.ts";
import { accountStatement } from "./clocked-database.ts";
import { startCloser } from "./closer.ts";

const booksStatement = loadStatement(new URL("./books.sql", import.meta.url));
const writeStatement = loadStatement(new URL("../../src/write-attempts.sql", import.meta.url));

let testDatabase: TestDatabase;
let database: Database;
/** The test's own hand on the database. */
let hand: pg.Client;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url, 10);
  hand = new pg.Client(testDatabase.url);
  await hand.connect();
});

afterEach(async () => {
  await Promise.all([database.close(), hand.end()]);
  await testDatabase.drop();
});

const last = pastMonth(1);

async function closed(month: string) {
  const closing = await closeMonth(database, month);
  if (closing.kind !== "closed") throw new Error(`${month} is not over`);
  return closing.result;
}

async function books(month: string) {
  const [row] = await database.execute<{
    creators: number;
    charges: number;
    events: number;
    wrong: string[];
  }>(booksStatement, [{ month }]);
  return row;
}

async function chargeOf(creatorId: string, month: string): Promise<Charge> {
  const { items } = await charges(database, { month, creatorId, limit: 1 });
  if (!items[0]) throw new Error(`${creatorId} has no charge for ${month}`);
  return items[0];
}

/** Ends calls at a cost, by the ledger's own statement. */
function settle(calls: readonly { id: string }[], costUsd: string) {
  const tokens = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, thoughtTokens: 0 };
  const answers = calls.map(({ id }) => ({
    ...{ id, status: "settled" as const, costUsd, ...tokens, estimated: false },
    ...{ provider: undefined, httpStatus: undefined, errorCode: undefined, modelVersion: undefined },
  }));
  return database.execute<AttemptWritten>(writeStatement, [{ jobId: "any", attempt: 1, answers, steps: [] }]);
}

describe("closing a month", () => {
  it("charges each creator once, to the last digit, when two processes close it at once", async () => {
    await createPastCalls(database, { month: last, creators: 300, calls: 2_000 });
    const closers = await Promise.all([
      startCloser(testDatabase.url, last),
      startCloser(testDatabase.url, last),
    ]);
    const results = await Promise.all(closers.map((closer) => closer.close()));
    expect(await books(last)).toEqual({ creators: 300, charges: 300, events: 300, wrong: [] });
    let sum = 0;
    for (const closing of results) {
      if (closing.kind !== "closed") throw new Error("not over");
      expect(closing.result).toMatchObject({ notYet: [], notYetCount: 0 });
      expect(closing.result.closed + closing.result.alreadyClosed).toBe(300);
      sum += closing.result.closed;
    }
    expect(sum).toBe(300);
    expect(await closed(last)).toEqual({ closed: 0, alreadyClosed: 300, notYet: [], notYetCount: 0 });
    expect(await books(last)).toMatchObject({ charges: 300, events: 300 });
  });

  it("tells of each charge as the API shows it", async () => {
    await createPastCalls(database, { month: last, creators: 1, calls: 3 });
    await closed(last);
    const { rows } = await hand.query(`SELECT "payload" FROM "Outbox" WHERE "type" = 'charge.closed'`);
    expect(rows).toEqual([{ payload: await chargeOf("creator_1", last) }]);
  });

  it("goes on where a process was killed in the middle of a batch", async () => {
    await createPastCalls(database, { month: last, creators: 300, calls: 600 });
    const closer = await startCloser(testDatabase.url, last);
    await hand.query(`BEGIN; LOCK TABLE "Outbox" IN SHARE MODE`);
    void closer.close().catch(() => {});
    await untilWaitsForLock();
    const exited = once(closer.process, "exit");
    closer.process.kill("SIGKILL");
    await exited;
    await hand.query("ROLLBACK");
    expect(await closed(last)).toMatchObject({ notYet: [] });
    expect(await books(last)).toEqual({ creators: 300, charges: 300, events: 300, wrong: [] });
  });

  it("goes on where a process was killed between two batches", async () => {
    await createPastCalls(database, { month: last, creators: 300, calls: 600 });
    // The last in order has no account yet; one that is being made elsewhere is waited for.
    await createPastCalls(database, { month: last, creators: 1, calls: 0, prefix: "zz_idle_" });
    await hand.query("BEGIN");
    await hand.query(accountStatement, ["zz_idle_1", `${last}-01`, 0]);
    const closer = await startCloser(testDatabase.url, last);
    void closer.close().catch(() => {});
    await untilWaitsForLock();
    expect(await books(last)).toEqual({ creators: 301, charges: 200, events: 200, wrong: [] });
    const exited = once(closer.process, "exit");
    closer.process.kill("SIGKILL");
    await exited;
    await hand.query("ROLLBACK");
    expect(await closed(last)).toEqual({ closed: 101, alreadyClosed: 200, notYet: [], notYetCount: 0 });
    expect(await books(last)).toEqual({ creators: 301, charges: 301, events: 301, wrong: [] });
  });

  async function untilWaitsForLock() {
    const other = openDatabase(testDatabase.url, 1);
    try {
      await eventually(async () => {
        const waiting = await other.prisma.$queryRaw<{ pid: number }[]>`
          SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        expect(waiting).toHaveLength(1);
      });
    } finally {
      await other.close();
    }
  }

  it("waits for a creator's open holds, and for no other's", async () => {
    await createPastCalls(database, { month: last, creators: 20, calls: 100 });
    const open = await createPastCalls(database, { month: last, creators: 1, calls: 2, status: "started" });
    expect(await closed(last)).toEqual({
      closed: 19,
      alreadyClosed: 0,
      notYet: [{ creatorId: "creator_1", reason: "calls are open: holds are not settled yet" }],
      notYetCount: 1,
    });
    expect(await closeDueMonths(database)).toMatchObject([
      { month: last, result: { closed: 0, notYetCount: 1 } },
    ]);
    await settle(open.slice(0, 1), "0.2");
    expect(await closed(last)).toMatchObject({ closed: 0, notYetCount: 1 });
    await settle(open.slice(1), "0.1");
    expect(await closed(last)).toMatchObject({ closed: 1, alreadyClosed: 19, notYetCount: 0 });
    expect(await books(last)).toEqual({ creators: 20, charges: 20, events: 20, wrong: [] });
  });

  it("leaves no cent behind while calls are settled at the same time", async () => {
    const open = await createPastCalls(database, {
      month: last,
      creators: 200,
      calls: 400,
      status: "started",
    });
    let settling = true;
    let rounds = 0;
    const settled = (async () => {
      const most = open.slice(0, -7);
      for (let at = 0; at < most.length; at += 7) await settle(most.slice(at, at + 7), "0.013579");
      // However fast that was, some are settled after a round and some after the next.
      await eventually(() => expect(rounds).toBeGreaterThan(1));
      await settle(open.slice(-7), "0.013579");
      settling = false;
    })();
    while (settling) {
      await closed(last);
      rounds++;
    }
    await settled;
    expect(await closed(last)).toMatchObject({ notYetCount: 0 });
    expect(await books(last)).toEqual({ creators: 200, charges: 200, events: 200, wrong: [] });
  });

  it("meets a hold that is taken at midnight: neither waits for it nor overlooks it", async () => {
    await createPastCalls(database, { month: last, creators: 5, calls: 20 });
    const hold = (sign: string) =>
      hand.query(`UPDATE "Account" SET "heldUsd" = "heldUsd" ${sign} 1 WHERE "creatorId" = 'creator_2'`);
    await hand.query("BEGIN");
    await hold("+");
    expect(await closed(last)).toMatchObject({
      closed: 4,
      notYet: [{ creatorId: "creator_2", reason: "somebody else writes the account" }],
    });
    const again = closed(last);
    await hand.query("COMMIT");
    expect(await again).toMatchObject({
      closed: 0,
      notYet: [{ creatorId: "creator_2", reason: "calls are open: holds are not settled yet" }],
    });
    await hold("-");
    expect(await closed(last)).toMatchObject({ closed: 1, alreadyClosed: 4, notYet: [] });
  });

  it("charges nobody whose account and calls differ", async () => {
    await createPastCalls(database, { month: last, creators: 3, calls: 9 });
    await hand.query(
      `UPDATE "Account" SET "spentUsd" = "spentUsd" + 0.000000000001 WHERE "creatorId" = 'creator_2'`,
    );
    expect(await closeMonth(database, last)).toMatchObject({
      kind: "closed",
      result: { closed: 2, notYet: [{ creatorId: "creator_2", reason: "the account and its calls differ" }] },
      inDoubt: ["creator_2"],
    });
    const { rows } = await hand.query(`SELECT "closedAt" FROM "Account" WHERE "creatorId" = 'creator_2'`);
    expect(rows).toEqual([{ closedAt: null }]);
  });

  it("refuses a month that is not over", async () => {
    await createPastCalls(database, { month: last, creators: 1, calls: 1 });
    expect(await closeMonth(database, pastMonth(0))).toEqual({
      kind: "not_over",
      endsAt: new Date(`${pastMonth(-1)}-01T00:00:00.000Z`),
    });
    expect(await closeMonth(database, pastMonth(-3))).toMatchObject({ kind: "not_over" });
    expect(await database.prisma.monthlyCharge.count()).toBe(0);
  });
});

describe("after a closing", () => {
  it("the charge can't be changed, and the account takes no more holds", async () => {
    await createPastCalls(database, { month: last, creators: 2, calls: 2 });
    await closed(last);
    const change = hand.query(`UPDATE "MonthlyCharge" SET "byAgent" = '{}'`);
    await expect(change).rejects.toThrow("a closed month is never edited");
    await expect(hand.query(`DELETE FROM "MonthlyCharge"`)).rejects.toThrow("a closed month is never edited");
    const { rows } = await hand.query(
      `SELECT count(*)::int AS "open" FROM "Account" WHERE "creatorId" IS NOT NULL AND "closedAt" IS NULL`,
    );
    expect(rows).toEqual([{ open: 0 }]);
  });

  it("what is settled late is adjusted in the next month, once, and parts of cents add up", async () => {
    const before = pastMonth(2);
    await createPastCalls(database, { month: before, creators: 1, calls: 1 });
    const lost = await createPastCalls(database, { month: before, creators: 1, calls: 3, status: "unknown" });
    await hand.query(`UPDATE "Plan" SET "priceUsd" = 5`);
    await hand.query(`DELETE FROM "PlanHistory"`);
    await closed(before);
    const first = await chargeOf("creator_1", before);
    expect(first).toMatchObject({ costUsd: "0.000007950001", roundedUsd: "0", adjustments: [] });

    await settle(lost.slice(0, 1), "0.0049");
    expect((await chargeOf("creator_1", last)).adjustments).toEqual([]);
    await settle(lost.slice(1, 2), "0.2");
    const adjustments = [
      { amountUsd: "0.2", reason: `usage settled after ${before} was closed`, originMonth: before },
    ];
    expect(await chargeOf("creator_1", last)).toMatchObject({ status: "draft", adjustments });
    await closed(last);
    await closed(last);
    await closed(before);
    expect(await chargeOf("creator_1", last)).toMatchObject({
      status: "closed",
      adjustments,
      amountUsd: "5.2",
    });
    // The lost part of a cent is still owed: with 0.0001 more it is one.
    expect(await chargeOf("creator_1", pastMonth(0))).toMatchObject({ status: "draft", adjustments: [] });
    await settle(lost.slice(2), "0.0001");
    expect(await chargeOf("creator_1", pastMonth(0))).toMatchObject({
      adjustments: [{ ...adjustments[0], amountUsd: "0.01" }],
      amountUsd: "5.01",
    });
    expect(await chargeOf("creator_1", before)).toEqual(first);
    expect(await books(last)).toMatchObject({ charges: 1, events: 1, wrong: [] });
  });

  it("what is late in a month whose usage the plan contained is adjusted never", async () => {
    const before = pastMonth(2);
    await createPastCalls(database, { month: before, creators: 1, calls: 0 });
    const lost = await createPastCalls(database, { month: before, creators: 1, calls: 1, status: "unknown" });
    await hand.query(`UPDATE "Plan" SET "usage" = 'included'`);
    await hand.query(`DELETE FROM "PlanHistory"`);
    await closed(before);
    await settle(lost, "1");
    await hand.query(`UPDATE "Plan" SET "usage" = 'billed'`);
    await hand.query(`DELETE FROM "PlanHistory"`);
    await closed(last);
    expect(await chargeOf("creator_1", last)).toMatchObject({ adjustments: [], amountUsd: "0" });
  });
});

describe("the terms of a charge", () => {
  it("are those in force at the end of the month", async () => {
    await createPastCalls(database, { month: last, creators: 3, calls: 9, plan: "pro" });
    const at = (creatorId: string, from: string, to: string) =>
      hand.query(
        `INSERT INTO "CreatorHistory" ("creatorId", "planName", "validFrom", "validTo") VALUES ($1, 'starter', $2, $3)`,
        [creatorId, from, to],
      );
    // Changed in the last millisecond of the month, and with the next one's first.
    const firstDay = `${last}-01T00:00:00Z`;
    const end = new Date(`${pastMonth(0)}-01T00:00:00Z`);
    await at("creator_1", firstDay, new Date(end.getTime() - 1).toISOString());
    await at("creator_2", firstDay, end.toISOString());
    await hand.query(`UPDATE "Plan" SET "priceUsd" = 7.5, "usage" = 'included' WHERE "name" = 'pro'`);
    await hand.query(`UPDATE "PlanHistory" SET "priceUsd" = 3 WHERE "planName" = 'pro'`);
    await hand.query(`UPDATE "Plan" SET "priceUsd" = 1 WHERE "name" = 'starter'`);
    await hand.query(
      `UPDATE "PlanHistory" SET "priceUsd" = 2, "usage" = 'included', "validTo" = $1 WHERE "planName" = 'starter'`,
      [end.toISOString()],
    );
    await closed(last);
    expect(await chargeOf("creator_1", last)).toMatchObject({
      plan: "pro",
      planPriceUsd: "3",
      usage: "billed",
    });
    expect(await chargeOf("creator_2", last)).toMatchObject({
      plan: "starter",
      planPriceUsd: "2",
      usage: "included",
    });
    expect(await chargeOf("creator_3", last)).toMatchObject({
      plan: "pro",
      planPriceUsd: "3",
      usage: "billed",
    });
    expect(await books(last)).toMatchObject({ charges: 3, wrong: [] });
  });
});

describe("after a downtime", () => {
  it("all months are closed in order, each creator's from its first on", async () => {
    const months = [pastMonth(3), pastMonth(2), last];
    await createPastCalls(database, { month: pastMonth(3), creators: 2, calls: 10 });
    await createPastCalls(database, { month: pastMonth(2), creators: 4, calls: 10 });
    await createPastCalls(database, { month: last, creators: 1, calls: 3, prefix: "new_" });
    const closings = await closeDueMonths(database);
    expect(closings.map(({ month, result }) => [month, result.closed])).toEqual([
      [months[0], 2],
      [months[1], 4],
      [months[2], 5],
    ]);
    for (const month of months) expect(await books(month)).toMatchObject({ wrong: [] });
    const { rows } = await hand.query(
      `SELECT to_char("month", 'YYYY-MM') AS "month" FROM "ClosedMonth" ORDER BY 1`,
    );
    expect(rows.map((row) => row.month)).toEqual(months);
    expect(await closeDueMonths(database)).toEqual([]);
  });

  it("a creator that one month holds up is charged for no later one, and the others are", async () => {
    await createPastCalls(database, { month: pastMonth(2), creators: 3, calls: 9 });
    const open = await createPastCalls(database, {
      month: pastMonth(2),
      creators: 1,
      calls: 1,
      status: "started",
    });
    expect(await closeDueMonths(database)).toMatchObject([
      { month: pastMonth(2), result: { closed: 2, notYetCount: 1 } },
      {
        month: last,
        result: {
          closed: 2,
          notYet: [{ creatorId: "creator_1", reason: `${pastMonth(2)} is not closed yet` }],
        },
      },
    ]);
    expect(await database.prisma.closedMonth.count()).toBe(0);
    await settle(open, "0.1");
    expect(await closed(last)).toMatchObject({ closed: 1, alreadyClosed: 2, notYetCount: 0 });
    expect(await books(pastMonth(2))).toMatchObject({ charges: 3, events: 3, wrong: [] });
    expect(await closeDueMonths(database)).toMatchObject([]);
  });

  it("a creator that comes to light later is charged all the same", async () => {
    await createPastCalls(database, { month: pastMonth(2), creators: 1, calls: 1 });
    await closeDueMonths(database);
    await createPastCalls(database, { month: pastMonth(2), creators: 1, calls: 5, prefix: "found_" });
    expect(await closed(last)).toMatchObject({ closed: 1, alreadyClosed: 1 });
    expect(await books(pastMonth(2))).toMatchObject({ charges: 2, events: 2, wrong: [] });
  });
});
