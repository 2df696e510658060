import { beforeEach, describe, expect, it } from "@jest/globals";
import { loadStatement, newId } from "@understudy/database";
import { addToAccounts, createUnknownCall, eventually } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { resolveUnknownCall } from "../src/resolve-unknown.ts";
import { waitingForLocks } from "./running-jobs.ts";

const resolveStatement = loadStatement(new URL("../src/resolve-unknown.sql", import.meta.url));

const { database } = await openSuiteDatabase();
let creatorId: string;

beforeEach(() => {
  creatorId = newId("evt");
});

const lostCall = (holdUsd = "0.5", apiKey?: { id: string; budgetUsd: string | null }) =>
  createUnknownCall(database, { creatorId, holdUsd, ...(apiKey && { apiKey }) });

/** Spent and unknown of the creator's month, and of the sums by day. */
async function accounts() {
  const [month, days] = await Promise.all([
    database.prisma.account.findFirstOrThrow({ where: { creatorId } }),
    database.prisma.dailyUsage.aggregate({ where: { creatorId }, _sum: { costUsd: true, unknownUsd: true } }),
  ]);
  return {
    month: [month.spentUsd.toFixed(), month.unknownUsd.toFixed()],
    days: [days._sum.costUsd?.toFixed(), days._sum.unknownUsd?.toFixed()],
  };
}

/** Spent and unknown, a pair for each month. */
async function months(id: string) {
  const rows = await database.prisma.account.findMany({
    where: { creatorId: id },
    orderBy: { month: "asc" },
  });
  return rows.map(({ spentUsd, unknownUsd }) => [spentUsd.toFixed(), unknownUsd.toFixed()]);
}

async function key(id: string) {
  const { spentUsd, unknownUsd } = await database.prisma.account.findUniqueOrThrow({
    where: { apiKeyId: id },
  });
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

  it("ends it now, and what was wrong with it stays on record", async () => {
    const id = await lostCall("0.5");
    const lostAt = new Date(Date.now() - 60_000);
    await database.prisma.usageLog.update({ where: { id }, data: { settledAt: lostAt } });
    const resolution = await resolveUnknownCall(database, id, { costUsd: "0.5" });
    expect(resolution).toMatchObject({ kind: "resolved", call: { errorCode: "answer_lost" } });
    const { settledAt } = await database.prisma.usageLog.findUniqueOrThrow({ where: { id } });
    expect(settledAt?.getTime()).toBeGreaterThan(lostAt.getTime());
    // At its hold: nothing to tell operators of.
    expect(await database.prisma.alert.count({ where: { creatorId, type: "cost_above_hold" } })).toBe(0);
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
    await database.prisma.account.updateMany({ where: { creatorId }, data: { closedAt: new Date() } });
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

  it("leaves the accounts of other creators and months as they are", async () => {
    const [id, other] = [await lostCall("0.5"), newId("evt")];
    await createUnknownCall(database, { creatorId: other, holdUsd: "0.5" });
    const earlier = { creatorId, month: new Date("2026-01-01") };
    await addToAccounts(database, earlier, { spentUsd: "5", unknownUsd: "2" });
    await resolveUnknownCall(database, id, { costUsd: "0.1" });
    expect(await months(creatorId)).toEqual([
      ["5", "2"],
      ["0.1", "0"],
    ]);
    expect(await months(other)).toEqual([["0", "0.5"]]);
  });

  it("about many calls at once counts each on its own accounts", async () => {
    const [a, b] = [creatorId, newId("evt")];
    const [one, other] = [newId("key"), newId("key")].map((id) => ({ id, budgetUsd: null }));
    const lost = (creatorId: string, holdUsd: string, apiKey = one) =>
      createUnknownCall(database, { creatorId, holdUsd, ...(apiKey && { apiKey }) });
    const words = [
      { id: await lost(a, "0.5"), costUsd: "0.1" },
      { id: await lost(a, "0.25"), costUsd: "0.02" },
      { id: await lost(a, "1") },
      { id: await lost(a, "0.75", other), costUsd: "1" },
      { id: await lost(b, "2", other), costUsd: "0.3" },
      { id: await lost(b, "3"), costUsd: "3" },
    ];
    await lost(a, "0.125");
    await lost(b, "0.0625", other);
    const ended = await database.execute<{ id: string }>(resolveStatement, words);
    expect(ended.map(({ id }) => id).sort()).toEqual(words.map(({ id }) => id).sort());
    expect([await months(a), await months(b)]).toEqual([[["1.12", "0.125"]], [["3.3", "0.0625"]]]);
    expect([await key(one?.id ?? ""), await key(other?.id ?? "")]).toEqual([
      ["3.12", "0.125"],
      ["1.3", "0.0625"],
    ]);
    const rows = await database.prisma.usageLog.findMany({
      where: { creatorId: { in: [a, b] } },
      orderBy: { id: "asc" },
    });
    expect(rows.map(({ status, costUsd }) => [status, costUsd?.toFixed()])).toEqual([
      ["settled", "0.1"],
      ["settled", "0.02"],
      ["released", "0"],
      ["settled", "1"],
      ["settled", "0.3"],
      ["settled", "3"],
      ["unknown", undefined],
      ["unknown", undefined],
    ]);
    const alerts = await database.prisma.alert.findMany({
      where: { type: "cost_above_hold", key: { in: words.map(({ id }) => id) } },
    });
    expect(alerts.map(({ key }) => key)).toEqual([words[3]?.id]);
  });
});

describe("an operator's word while another process writes", () => {
  it.each(["creator", "key"])("is worked out from the %s's account as it is then", async (whose) => {
    const apiKey = { id: newId("key"), budgetUsd: null };
    const id = await lostCall("0.5", apiKey);
    let resolved: Promise<unknown> | undefined;
    await database.prisma.$transaction(async (other) => {
      const data = { spentUsd: "3", unknownUsd: "2" };
      if (whose === "key") await other.account.update({ where: { apiKeyId: apiKey.id }, data });
      else await other.account.updateMany({ where: { creatorId }, data });
      resolved = resolveUnknownCall(database, id, { costUsd: "0.1" });
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
    });
    await resolved;
    expect(whose === "key" ? await key(apiKey.id) : (await accounts()).month).toEqual(["3.1", "1.5"]);
  });

  it("does not count where the call's answer came in that moment", async () => {
    const id = await lostCall("0.5");
    let resolved: Promise<unknown> | undefined;
    await database.prisma.$transaction(async (other) => {
      await other.usageLog.update({ where: { id }, data: { status: "settled", costUsd: "0.2" } });
      resolved = resolveUnknownCall(database, id, { writeOff: true });
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
    });
    expect(await resolved).toMatchObject({
      kind: "not_unknown",
      call: { status: "settled", costUsd: "0.2" },
    });
    expect((await accounts()).month).toEqual(["0", "0.5"]);
  });
});
