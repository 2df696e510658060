import { beforeEach, describe, expect, it } from "@jest/globals";
import { type Database, newId } from "@understudy/database";
import { putOffJob } from "@understudy/jobs";
import { addToAccounts, createApiKeyRow } from "@understudy/testkit";
import { openStrictSuiteDatabase } from "@understudy/testkit/suite";
import { alerts } from "../src/alerts/alerts-list.ts";
import type { CallIntent } from "../src/call.ts";
import { Ledger } from "../src/ledger.ts";
import { quotaOf, quotasOf } from "../src/quota.ts";
import { endJobs } from "./end-jobs.ts";
import { answered, begun, type CallWish, intent, intents, openCalls, runningJob } from "./running-jobs.ts";

const { zoned: database, setTime } = await openStrictSuiteDatabase();
const ledger = new Ledger(database);
/** Of the plan starter: $10 a month. */
let creatorId: string;

const november = "2026-11-01";
const december = "2026-12-01";
/** Where sessions live, 13 hours ahead of UTC, it is December. */
const lastDay = "2026-11-30T12:00:00Z";

beforeEach(async () => {
  creatorId = newId("evt");
  await setTime(lastDay);
});

async function opening(holdUsd: string, terms: Partial<CallWish> = {}, by = ledger) {
  const [call] = (await intents(database, ledger, [{ creatorId, holdUsd, ...terms }])) as [CallIntent];
  return by.openCall(call);
}

/** Spent, held and unknown of each month. */
async function accounts(id = creatorId) {
  const rows = await database.prisma.account.findMany({
    where: { creatorId: id },
    orderBy: { month: "asc" },
  });
  return Object.fromEntries(
    rows.map(({ month, ...row }) => [
      month?.toISOString().slice(0, 10),
      [row.spentUsd, row.heldUsd, row.unknownUsd].map((usd) => usd.toFixed()),
    ]),
  );
}

async function account(id: string, month: string, amounts: object) {
  await database.prisma.creator.createMany({ data: [{ id }], skipDuplicates: true });
  await addToAccounts(database, { creatorId: id, month: new Date(month) }, amounts);
}

async function waiter(needs: string, id = creatorId) {
  const job = await runningJob(database, { creatorId: id });
  await putOffJob(database, { ...job, waitingFor: "quota", neededUsd: needs, isTry: false });
  return job.id;
}

async function woken(creatorIds = [creatorId], by = ledger) {
  return (await by.wakeWaitingJobs(100, creatorIds)).map(({ id }) => id).sort();
}

describe("the month that pays", () => {
  it.each([
    ["2026-11-01T00:00:00Z", november, december],
    [lastDay, november, december],
    // Times are kept to the millisecond, and rounded to it.
    ["2026-11-30T23:59:59.999499Z", november, december],
    ["2026-11-30T23:59:59.999500Z", december, "2027-01-01"],
    ["2026-12-01T00:00:00Z", december, "2027-01-01"],
  ])("is at %s the one of %s, wherever sessions live", async (at, month, next) => {
    await setTime(at);
    expect((await opening("4")).kind).toBe("open");
    expect(await accounts()).toEqual({ [month]: ["0", "4", "0"] });
    const [call] = await database.prisma.usageLog.findMany({ where: { creatorId } });
    expect(call?.month.toISOString().slice(0, 10)).toBe(month);
    const resetsAt = new Date(next);
    expect(await opening("11")).toMatchObject({ kind: "no_room", resetsAt });
    const period = { periodStart: new Date(month).toISOString(), resetsAt: resetsAt.toISOString() };
    expect(await quotaOf(database, creatorId)).toMatchObject({ ...period, heldUsd: "4" });
    // With 6 left of this month's quota.
    const fits = await waiter("6");
    await waiter("0.000000000001");
    expect(await woken()).toEqual([fits]);
  });

  it("has its own account: what other months have used takes no room of it", async () => {
    const usedUp = { spentUsd: "6", heldUsd: "3", unknownUsd: "1" };
    const own = { spentUsd: "1", heldUsd: "2", unknownUsd: "3" };
    for (const month of ["2026-10-01", november, december, "2027-01-01"]) {
      await account(creatorId, month, month === november ? own : usedUp);
    }
    expect(await quotaOf(database, creatorId)).toMatchObject({ quotaUsd: "10", remainingUsd: "4", ...own });
    await waiter("4.000000000001");
    expect(await woken()).toEqual([]);
    expect((await opening("4.000000000001")).kind).toBe("wait");
    expect((await opening("4")).kind).toBe("open");
    expect(await quotaOf(database, creatorId)).toMatchObject({ ...own, heldUsd: "6", remainingUsd: "0" });
  });

  it("is the next one for a call whose month is closed in the moment in which it is opened", async () => {
    await account(creatorId, november, {});
    await database.prisma.account.updateMany({ where: { creatorId }, data: { closedAt: new Date() } });
    const execute: Database["execute"] = async (statement, items) => {
      const rows = await database.execute(statement, items);
      await setTime("2026-12-01T00:00:00Z");
      return rows as never;
    };
    const atMidnight = new Ledger({ ...database, execute });
    expect((await opening("1", {}, atMidnight)).kind).toBe("open");
    expect(await accounts()).toEqual({ [november]: ["0", "0", "0"], [december]: ["0", "1", "0"] });
  });
});

describe("what a job holds in a month", () => {
  it("stays there when it goes on in the next: nothing is drawn from it, nor held beside it", async () => {
    const job = await runningJob(database, { creatorId });
    await ledger.openCall(await intent(ledger, job, "1", { reserveUsd: "4" }));
    await setTime("2026-12-01T00:00:00Z");
    await ledger.openCall(await intent(ledger, job, "3"));
    await ledger.openCall(await intent(ledger, job, "2", { reserveUsd: "2.5" }));
    expect(await accounts()).toEqual({ [november]: ["0", "5", "0"], [december]: ["0", "5", "0"] });
    const end = { ...job, status: "completed", result: {}, eventId: newId("evt") } as const;
    await endJobs(database, [end]);
    expect(await accounts()).toEqual({ [november]: ["0", "1", "0"], [december]: ["0", "5", "0"] });
  });

  it("is drawn from where the month is the same, and held anew once that is used up", async () => {
    const job = await runningJob(database, { creatorId });
    await ledger.openCall(await intent(ledger, job, "1", { reserveUsd: "1" }));
    await ledger.openCall(await intent(ledger, job, "1"));
    await setTime("2026-12-01T00:00:00Z");
    await ledger.openCall(await intent(ledger, job, "2", { reserveUsd: "2.5" }));
    await ledger.openCall(await intent(ledger, job, "0.5", { reserveUsd: "2" }));
    expect(await accounts()).toEqual({ [november]: ["0", "2", "0"], [december]: ["0", "4.5", "0"] });
  });
});

describe("calls of two months", () => {
  it("are given back, lost and settled together, each on the account of its own month", async () => {
    const apiKeyId = await createApiKeyRow(database, null);
    const [a, b] = [creatorId, newId("evt")];
    const calls: CallIntent[] = [];
    const lost = { apiKeyId, timeoutSeconds: 60 };
    const answers = { apiKeyId, timeoutSeconds: 10_000_000 };
    for (const [at, holds] of [
      [lastDay, ["1", "2", "0.5", "0.75"]],
      ["2026-12-31T12:00:00Z", ["3", "5", "0.25", "0.125"]],
    ] as const) {
      await setTime(at);
      const opened = await openCalls(database, ledger, [
        { creatorId: a, holdUsd: holds[0], ...answers, reserveUsd: "0.25" },
        { creatorId: a, holdUsd: holds[1], ...lost, reserveUsd: "0.5" },
        { creatorId: b, holdUsd: holds[2], ...lost, reserveUsd: "0.125" },
        { creatorId: b, holdUsd: holds[3], ...answers },
      ]);
      calls.push(...opened);
    }
    const end = { attempt: 1, status: "completed", result: {} } as const;
    await endJobs(
      database,
      calls.map(({ jobId }) => ({ ...end, id: jobId, eventId: newId("evt") })),
    );
    expect([await accounts(a), await accounts(b)]).toEqual([
      { [november]: ["0", "3", "0"], [december]: ["0", "8", "0"] },
      { [november]: ["0", "1.25", "0"], [december]: ["0", "0.375", "0"] },
    ]);
    await setTime("2026-12-31T12:02:00Z");
    const own = (await ledger.giveUpCalls(100)).filter((call) => [a, b].includes(call.creatorId));
    expect(own).toHaveLength(4);
    expect([await accounts(a), await accounts(b)]).toEqual([
      { [november]: ["0", "1", "2"], [december]: ["0", "3", "5"] },
      { [november]: ["0", "0.75", "0.5"], [december]: ["0", "0.125", "0.25"] },
    ]);
    await Promise.all(
      calls.slice(0, 7).map((call, index) => ledger.endCall(begun(call), answered(`0.${index + 1}`))),
    );
    expect([await accounts(a), await accounts(b)]).toEqual([
      { [november]: ["0.3", "0", "0"], [december]: ["1.1", "0", "0"] },
      { [november]: ["0.7", "0", "0"], [december]: ["0.7", "0.125", "0"] },
    ]);
  });

  it("that are lost raise their alert in the UTC hour in which they are", async () => {
    await opening("1", { timeoutSeconds: 60 });
    await setTime("2026-11-30T13:00:00Z");
    expect(await ledger.giveUpCalls(100)).toHaveLength(1);
    const { items } = await alerts(database, { creatorId, limit: 10 }, undefined);
    expect(items).toMatchObject([{ data: { hour: "2026-11-30T13", calls: 1, upToUsd: "1" } }]);
  });
});

describe("the platform's budget of a month", () => {
  const platform = (platformQuotaUsd: string) => new Ledger(database, { platformQuotaUsd });
  const used = [{ spentUsd: "1" }, { heldUsd: "2" }, { unknownUsd: "3" }];

  /** A month of which $1 was spent, $2 are held and $3 unknown, each of another creator. */
  async function begin(at: string) {
    await setTime(at);
    for (const amounts of used) await account(newId("evt"), at.slice(0, 10), amounts);
  }

  it("is there from the first call on, to the last digit, for calls that come together", async () => {
    await setTime("2027-03-15T00:00:00Z");
    const calls = (holds: string[]) =>
      intents(
        database,
        ledger,
        holds.map((holdUsd) => ({ creatorId: newId("evt"), holdUsd })),
      );
    const by = platform("7");
    const kinds = async (holds: string[]) => {
      const openings = await Promise.all((await calls(holds)).map((call) => by.openCall(call)));
      return openings.map(({ kind }) => kind);
    };
    expect(await kinds(["4", "3.000000000001"])).toEqual(["open", "wait"]);
    expect(await kinds(["1", "2"])).toEqual(["open", "open"]);
    expect(await kinds(["0.000000000001"])).toEqual(["wait"]);
  });

  it("counts what all have spent, hold and have lost in it, and nothing of other months", async () => {
    await begin("2027-05-01T00:00:00Z");
    await begin("2027-06-01T00:00:00Z");
    const by = platform("10");
    expect((await opening("4.000000000001", {}, by)).kind).toBe("wait");
    expect(await opening("6.000000000001", {}, by)).toMatchObject({
      kind: "no_room",
      bound: "platform",
      limitUsd: "10",
      spentUsd: "1.000000000000",
      heldUsd: "2.000000000000",
      unknownUsd: "3.000000000000",
      resetsAt: new Date("2027-07-01T00:00:00Z"),
    });
    expect((await opening("6", {}, by)).kind).toBe("wait");
    expect((await opening("4", {}, by)).kind).toBe("open");
  });

  it("lets jobs go on as far as it reaches, and those to hear of it for which it never will", async () => {
    await begin("2027-08-01T00:00:00Z");
    await begin("2027-09-01T00:00:00Z");
    const free = newId("evt");
    await database.prisma.creator.create({ data: { id: free, planName: "business" } });
    const by = platform("10");
    await waiter("4.000000000001", free);
    const hopeless = await waiter("6.000000000001", free);
    expect(await woken([free], by)).toEqual([hopeless]);
    // Of this creator's own quota even less is left.
    await database.prisma.creator.create({ data: { id: creatorId, quotaUsd: "3" } });
    const both = [await waiter("3"), await waiter("3.5")];
    expect(await woken([creatorId], by)).toEqual(both.sort());
    // Without a budget nothing keeps the other out.
    expect(await woken([free])).toHaveLength(1);
  });

  it("lets jobs go on in a month in which nothing was used yet", async () => {
    await setTime("2027-11-01T00:00:00Z");
    const [fits, hopeless] = [await waiter("3"), await waiter("5.000000000001")];
    await waiter("2.000000000001");
    expect(await woken([creatorId], platform("5"))).toEqual([fits, hopeless].sort());
  });
});

describe("quotas of many creators", () => {
  it("are each one's own: of the plan, of an override, or without a bound", async () => {
    const [plan, override, free, none] = [creatorId, newId("evt"), newId("evt"), newId("evt")];
    await database.prisma.creator.createMany({
      data: [{ id: plan }, { id: override, quotaUsd: "2" }, { id: free, planName: "business" }],
    });
    await account(plan, november, { spentUsd: "1", heldUsd: "2", unknownUsd: "3" });
    const quotas = await quotasOf(database, [plan, override, free, none]);
    const nothing = { spentUsd: "0", heldUsd: "0", unknownUsd: "0" };
    expect(Object.fromEntries(quotas)).toMatchObject({
      [plan]: { plan: "starter", quotaUsd: "10", remainingUsd: "4", percentUsed: 40, heldUsd: "2" },
      [override]: { plan: "starter", quotaUsd: "2", remainingUsd: "2", percentUsed: 0, ...nothing },
      [free]: { plan: "business", quotaUsd: null, remainingUsd: null, percentUsed: 0, ...nothing },
    });
    expect(quotas.size).toBe(3);
  });
});
