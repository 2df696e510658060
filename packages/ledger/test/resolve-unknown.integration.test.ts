import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type Database, newId, openDatabase } from "@understudy/database";
import { createTestDatabase, createUnknownCall, eventually, type TestDatabase } from "@understudy/testkit";
import { resolveUnknownCall } from "../src/resolve-unknown.ts";

let testDatabase: TestDatabase;
let database: Database;
let creatorId: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url, 10);
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

beforeEach(() => {
  creatorId = newId("evt");
});

const lostCall = (holdUsd = "0.5", apiKey?: { id: string; budgetUsd: string | null }) =>
  createUnknownCall(database, { creatorId, holdUsd, ...(apiKey && { apiKey }) });

/** Spent and unknown of the creator's month, and of the sums by day. */
async function accounts() {
  const [month, days] = await Promise.all([
    database.prisma.monthlySpend.findFirstOrThrow({ where: { creatorId } }),
    database.prisma.dailyUsage.aggregate({ where: { creatorId }, _sum: { costUsd: true, unknownUsd: true } }),
  ]);
  return {
    month: [month.spentUsd.toFixed(), month.unknownUsd.toFixed()],
    days: [days._sum.costUsd?.toFixed(), days._sum.unknownUsd?.toFixed()],
  };
}

async function key(id: string) {
  const { spentUsd, unknownUsd } = await database.prisma.apiKey.findUniqueOrThrow({ where: { id } });
  return [spentUsd.toFixed(), unknownUsd.toFixed()];
}

describe("an operator's word about a call whose answer was lost", () => {
  it("settles it: what was unknown is spent, once", async () => {
    const id = await lostCall("0.5");
    for (const costUsd of ["0.123456789012", "0.1234567890120"]) {
      const resolution = await resolveUnknownCall(database, id, { costUsd });
      expect(resolution).toMatchObject({
        kind: "resolved",
        call: { status: "settled", costUsd: "0.123456789012", unknownUsd: "0", byOperator: true },
      });
    }
    expect(await accounts()).toEqual({ month: ["0.123456789012", "0"], days: ["0.123456789012", "0"] });
  });

  it("writes it off: nothing is spent, once", async () => {
    const id = await lostCall("0.5");
    for (let time = 0; time < 2; time++) {
      expect(await resolveUnknownCall(database, id, { writeOff: true })).toMatchObject({
        kind: "resolved",
        call: { status: "released", costUsd: "0", errorCode: "written_off", byOperator: true },
      });
    }
    expect(await accounts()).toEqual({ month: ["0", "0"], days: ["0", "0"] });
  });

  it("leaves the creator's other lost calls as they are", async () => {
    const [id] = [await lostCall("0.5"), await lostCall("0.25")];
    await resolveUnknownCall(database, id, { costUsd: "0.1" });
    expect(await accounts()).toEqual({ month: ["0.1", "0.25"], days: ["0.1", "0.25"] });
  });

  it.each([
    [{ costUsd: "0.1" }, { costUsd: "0.2" }],
    [{ costUsd: "0" }, { writeOff: true }],
    [{ writeOff: true }, { costUsd: "0" }],
  ] as const)("%p is not changed to %p", async (said, other) => {
    const id = await lostCall();
    await resolveUnknownCall(database, id, said);
    const before = await accounts();
    expect(await resolveUnknownCall(database, id, other)).toMatchObject({ kind: "not_unknown" });
    expect(await accounts()).toEqual(before);
  });

  it("does not touch a call that is under way, or was settled by its answer", async () => {
    const id = await lostCall();
    const { prisma } = database;
    await prisma.usageLog.update({ where: { id }, data: { status: "started", settledAt: null } });
    expect(await resolveUnknownCall(database, id, { costUsd: "0.1" })).toMatchObject({
      kind: "not_unknown",
      call: { status: "started" },
    });
    await prisma.usageLog.update({
      where: { id },
      data: { status: "settled", settledAt: new Date(), costUsd: "0.1" },
    });
    // The same amount, but it was not an operator who said it.
    expect(await resolveUnknownCall(database, id, { costUsd: "0.1" })).toMatchObject({
      kind: "not_unknown",
      call: { status: "settled" },
    });
    expect(await resolveUnknownCall(database, "call_none", { writeOff: true })).toEqual({
      kind: "not_found",
    });
  });

  it("may name more than the hold, which operators are told once", async () => {
    const id = await lostCall("0.5");
    await resolveUnknownCall(database, id, { costUsd: "0.75" });
    await resolveUnknownCall(database, id, { costUsd: "0.75" });
    expect((await accounts()).month).toEqual(["0.75", "0"]);
    const alerts = await database.prisma.alert.findMany({ where: { creatorId, type: "cost_above_hold" } });
    expect(alerts).toMatchObject([{ key: id, payload: { callId: id, costUsd: "0.75", holdUsd: "0.5" } }]);
  });

  it("settles the key's account, with a budget and without one", async () => {
    const [bounded, free] = [newId("key"), newId("key")];
    const onBudget = await lostCall("0.5", { id: bounded, budgetUsd: "10" });
    await lostCall("0.25", { id: bounded, budgetUsd: "10" });
    const without = await lostCall("0.5", { id: free, budgetUsd: null });
    await resolveUnknownCall(database, onBudget, { costUsd: "0.1" });
    await resolveUnknownCall(database, without, { costUsd: "0.1" });
    expect(await key(bounded)).toEqual(["0.1", "0.25"]);
    expect(await key(free)).toEqual(["0.1", "0"]);
    expect((await accounts()).month).toEqual(["0.2", "0.25"]);
  });

  it("counts in a month that is closed already", async () => {
    const id = await lostCall();
    await database.prisma.monthlySpend.updateMany({ where: { creatorId }, data: { closedAt: new Date() } });
    expect(await resolveUnknownCall(database, id, { costUsd: "0.1" })).toMatchObject({ kind: "resolved" });
    expect((await accounts()).month).toEqual(["0.1", "0"]);
  });

  it("counts once when two operators say different things at once", async () => {
    const ids: string[] = [];
    while (ids.length < 10) ids.push(await lostCall("0.5"));
    const words = ids.flatMap((id) => [
      { id, word: { costUsd: "0.1" } },
      { id, word: { writeOff: true } as const },
    ]);
    const resolutions = await Promise.all(
      words.map(({ id, word }) => resolveUnknownCall(database, id, word)),
    );
    expect(resolutions.filter(({ kind }) => kind === "resolved")).toHaveLength(10);
    expect(resolutions.filter(({ kind }) => kind === "not_unknown")).toHaveLength(10);
    const settled = await database.prisma.usageLog.count({ where: { creatorId, status: "settled" } });
    const spent = (settled / 10).toString();
    expect(await accounts()).toEqual({ month: [spent, "0"], days: [spent, "0"] });
  });

  it("works the balance out from the account as it is when its lock is had", async () => {
    const id = await lostCall("0.5");
    let resolved: Promise<unknown> | undefined;
    await database.prisma.$transaction(async (other) => {
      await other.monthlySpend.updateMany({ where: { creatorId }, data: { spentUsd: "3" } });
      resolved = resolveUnknownCall(database, id, { costUsd: "0.1" });
      await eventually(async () => expect(await waitingForLocks()).toBe(1));
    });
    await resolved;
    expect((await accounts()).month).toEqual(["3.1", "0"]);
  });
});

/** Statements of this database that wait for another's lock. */
async function waitingForLocks(): Promise<number> {
  const rows = await database.prisma.$queryRaw<unknown[]>`
    SELECT "pid" FROM "pg_stat_activity" WHERE "datname" = current_database() AND "wait_event_type" = 'Lock'`;
  return rows.length;
}
