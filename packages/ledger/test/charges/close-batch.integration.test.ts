import { beforeEach, describe, expect, it } from "@jest/globals";
import { eventually } from "@understudy/testkit";
import { closeBatch } from "../../src/charges/close-batch.ts";
import { accountStatement, openClockedDatabase } from "./clocked-database.ts";

const clocked = await openClockedDatabase("2024-03-05T12:00:00.123Z");
const month = "2024-02";
const nobody = { closed: [], held: [], inDoubt: [], busy: [] };

beforeEach(async () => {
  await clocked.clear();
  const madeAt = "2024-02-01T00:00:00Z";
  await clocked.createCreators({ abba: madeAt, beck: madeAt, cher: madeAt, dua: madeAt });
});

const close = (creatorIds: string[]) => closeBatch(clocked.database, month, creatorIds);
const hand = (statement: string, values: (string | number)[] = []) => clocked.hand.query(statement, values);

async function charged(): Promise<string[]> {
  const { rows } = await hand(`SELECT "creatorId" FROM "MonthlyCharge" ORDER BY 1`);
  return rows.map(({ creatorId }) => creatorId);
}

async function told(): Promise<string[]> {
  const { rows } = await hand(`SELECT "creatorId" FROM "Outbox" WHERE "type" = 'charge.closed' ORDER BY 1`);
  return rows.map(({ creatorId }) => creatorId);
}

async function untilWaitForLocks(sessions: number): Promise<void> {
  await eventually(async () => {
    // In a transaction it would see the sessions of its first look for ever.
    await hand("SELECT pg_stat_clear_snapshot()");
    const { rows } = await hand(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    expect(rows).toHaveLength(sessions);
  });
}

describe("a batch of creators to be charged", () => {
  it("says what became of each, and leaves alone those that are not in it", async () => {
    await clocked.spend([{ creatorId: "abba", startedAt: new Date("2024-02-03"), costUsd: "1" }]);
    await clocked.spend([{ creatorId: "beck", startedAt: new Date("2024-02-03"), status: "started" }]);
    await hand(accountStatement, ["abba", "2024-03-01", 5]);
    await hand(accountStatement, ["cher", "2024-02-01", 0]);
    await hand(`UPDATE "Account" SET "spentUsd" = 5 WHERE "creatorId" = 'cher'`);
    expect(await close(["abba", "beck", "cher"])).toEqual({
      closed: ["abba"],
      held: ["beck"],
      inDoubt: ["cher"],
      busy: [],
    });
    expect([await charged(), await told()]).toEqual([["abba"], ["abba"]]);
    const { rows } = await hand(
      `SELECT "creatorId", to_char("month", 'YYYY-MM') AS "month", "closedAt" FROM "Account"
       WHERE "creatorId" IS NOT NULL ORDER BY 1, 2`,
    );
    expect(rows).toEqual([
      { creatorId: "abba", month, closedAt: new Date("2024-03-05T12:00:00.123Z") },
      { creatorId: "abba", month: "2024-03", closedAt: null },
      { creatorId: "beck", month, closedAt: null },
      { creatorId: "cher", month, closedAt: null },
    ]);
  });

  it("is charged and told of once, also where its account was opened again", async () => {
    expect(await close(["abba"])).toMatchObject({ closed: ["abba"] });
    expect(await close(["abba", "beck"])).toEqual({ ...nobody, closed: ["beck"] });
    await hand(`UPDATE "Account" SET "closedAt" = NULL WHERE "creatorId" = 'abba'`);
    expect(await close(["abba", "beck", "cher"])).toEqual({ ...nobody, closed: ["cher"] });
    expect([await charged(), await told()]).toEqual([
      ["abba", "beck", "cher"],
      ["abba", "beck", "cher"],
    ]);
  });

  it("leaves out whom somebody else writes to, and does not wait for them", async () => {
    await hand(accountStatement, ["beck", "2024-02-01", 0]);
    await hand(`BEGIN; UPDATE "Account" SET "heldUsd" = 1 WHERE "creatorId" = 'beck'`);
    try {
      expect(await close(["abba", "beck", "cher"])).toEqual({
        ...nobody,
        closed: ["abba", "cher"],
        busy: ["beck"],
      });
    } finally {
      await hand("ROLLBACK");
    }
    expect(await close(["beck"])).toEqual({ ...nobody, closed: ["beck"] });
  });

  it("keeps a hold that comes meanwhile waiting until it is closed", async () => {
    await close(["dua"]);
    await hand(accountStatement, ["abba", "2024-02-01", 0]);
    await hand(`BEGIN; LOCK TABLE "Outbox" IN SHARE MODE`);
    const closing = close(["abba"]);
    await untilWaitForLocks(1);
    const hold = clocked.database.execute<{ isClosed: boolean }>({
      name: "",
      text: `UPDATE "Account" SET "heldUsd" = 1 WHERE "creatorId" = 'abba' AND "closedAt" IS NULL
        RETURNING true AS "isClosed"`,
    });
    await untilWaitForLocks(2);
    await hand("COMMIT");
    expect(await closing).toEqual({ ...nobody, closed: ["abba"] });
    expect(await hold).toEqual([]);
  });

  it("makes accounts in the order of creators, the last ones free for others until the first is made", async () => {
    await hand("BEGIN");
    await hand(accountStatement, ["abba", "2024-02-01", 0]);
    const closing = close(["cher", "dua", "beck", "abba"]);
    await untilWaitForLocks(1);
    await hand("SET LOCAL lock_timeout = 1");
    for (const creatorId of ["beck", "cher", "dua"])
      await hand(accountStatement, [creatorId, "2024-02-01", 0]);
    await hand("COMMIT");
    expect((await closing).closed.toSorted()).toEqual(["abba", "beck", "cher", "dua"]);
  });

  it("waits for accounts that others make, and for no one in a circle", async () => {
    await hand("BEGIN");
    await hand(accountStatement, ["cher", "2024-02-01", 0]);
    // In each other's order: taken as they come, one would have what the other waits for.
    const one = close(["beck", "cher", "abba"]);
    await untilWaitForLocks(1);
    const other = close(["abba", "beck"]);
    await untilWaitForLocks(2);
    await hand("ROLLBACK");
    const outcomes = await Promise.all([one, other]);
    expect(outcomes.flatMap(({ held, inDoubt }) => [...held, ...inDoubt])).toEqual([]);
    await close(["abba", "beck", "cher"]);
    expect([await charged(), await told()]).toEqual([
      ["abba", "beck", "cher"],
      ["abba", "beck", "cher"],
    ]);
  });
});
