import { beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { cancelJob } from "@understudy/jobs";
import { createApiKeyRow, eventually } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import type { CallIntent } from "../src/call.ts";
import { Ledger } from "../src/ledger.ts";
import { endJobs } from "./end-jobs.ts";
import {
  answered,
  begun,
  type CallWish,
  intent,
  intents,
  openCalls,
  run,
  runningJob,
  runningJobs,
  waitingForLocks,
} from "./running-jobs.ts";

const { database } = await openSuiteDatabase(20);
const ledger = new Ledger(database);
let creatorId: string;

beforeEach(() => {
  creatorId = newId("evt");
});

async function open(holdUsd: string, options: Partial<CallWish> = {}) {
  const [wish] = (await intents(database, ledger, [{ creatorId, holdUsd, ...options }])) as [CallIntent];
  return { wish, opening: await ledger.openCall(wish) };
}

async function amounts(id = creatorId) {
  const row = await database.prisma.account.findFirstOrThrow({ where: { creatorId: id } });
  return [row.spentUsd, row.heldUsd, row.unknownUsd].map((usd) => usd.toFixed());
}

describe("room in a quota", () => {
  it("that others' holds take comes back: wait; that is spent does not: no room", async () => {
    const first = await open("9");
    expect((await open("2")).opening).toMatchObject({ kind: "wait", waitingFor: "quota", requiredUsd: "2" });
    await ledger.endCall(begun(first.wish), answered("8.5"));
    const { opening } = await open("2");
    expect(opening).toMatchObject({
      kind: "no_room",
      bound: "quota",
      plan: "starter",
      spentUsd: "8.500000000000",
    });
    expect(opening.kind === "no_room" && opening.resetsAt?.getUTCDate()).toBe(1);
    // What fits is given to the last digit, and not a digit more.
    expect((await open("1.500000000001")).opening.kind).toBe("no_room");
    expect((await open("1.5")).opening.kind).toBe("open");
    expect(await amounts()).toEqual(["8.5", "1.5", "0"]);
  });

  it("counts what may have been spent as spent", async () => {
    await open("6", { timeoutSeconds: 0 });
    await eventually(async () => expect(await ledger.giveUpCalls(1_000)).toHaveLength(1));
    expect((await open("5")).opening).toMatchObject({ kind: "no_room", unknownUsd: "6.000000000000" });
  });

  it("is given to calls that come together as far as it reaches", async () => {
    const wishes = await intents(
      database,
      ledger,
      ["4", "4", "4", "1", "1"].map((holdUsd) => ({ creatorId, holdUsd })),
    );
    const openings = await Promise.all(wishes.map((wish) => ledger.openCall(wish)));
    expect(openings.map((opening) => opening.kind)).toEqual(["open", "open", "wait", "open", "open"]);
    expect(await amounts()).toEqual(["0", "10", "0"]);
  });

  it("follows a change of plan, quota and the plan's own terms at once", async () => {
    await open("9");
    const { creator, plan } = database.prisma;
    const change = (data: object) => creator.update({ where: { id: creatorId }, data });
    await change({ quotaUsd: "9.5" });
    expect((await open("1")).opening.kind).toBe("wait");
    await change({ quotaUsd: null, planName: "pro" });
    expect((await open("1")).opening.kind).toBe("open");
    await plan.create({ data: { name: `tiny-${creatorId.slice(-8).toLowerCase()}`, quotaUsd: 11 } });
    await change({ planName: `tiny-${creatorId.slice(-8).toLowerCase()}` });
    expect((await open("1")).opening.kind).toBe("open");
    expect((await open("1")).opening.kind).toBe("wait");
    await change({ planName: "business" });
    expect((await open("1000")).opening.kind).toBe("open");
  });

  it("is that of the month that begins, where the old one was closed in that very moment", async () => {
    const { wish } = await open("1");
    await ledger.endCall(begun(wish), answered("0.5"));
    await database.prisma.account.updateMany({ where: { creatorId }, data: { closedAt: new Date() } });
    // The month is still this one here, so there is no other to take it from: no hold stands on a closed account.
    expect((await open("1")).opening.kind).not.toBe("open");
    expect(await amounts()).toEqual(["0.5", "0", "0"]);
  });
});

/** Held by jobs for calls that they did not make yet. */
async function heldBy(...ids: string[]) {
  const rows = await Promise.all(ids.map((id) => database.prisma.job.findUniqueOrThrow({ where: { id } })));
  return rows.map(({ heldUsd }) => heldUsd.toFixed());
}

async function heldOfKey(id: string) {
  return (await database.prisma.account.findUniqueOrThrow({ where: { apiKeyId: id } })).heldUsd.toFixed();
}

/** Ends jobs in a way that is none of their attempt's. */
async function cancel(...ids: string[]) {
  for (const id of ids) await cancelJob(database, id, newId("evt"));
}

describe("what a job can't do without", () => {
  it("is held before its first call, told anew by each, and given back when it ends", async () => {
    const job = await runningJob(database, { creatorId });
    const openNext = async (holdUsd: string, reserveUsd: string) =>
      ledger.openCall(await intent(ledger, job, holdUsd, { reserveUsd }));
    expect(await openNext("1", "4")).toMatchObject({ kind: "open" });
    expect([await heldBy(job.id), await amounts()]).toEqual([["4"], ["0", "5", "0"]]);

    // Planned as 3 of the 4, and worded shorter: what is left over is given back at once.
    await openNext("2", "1");
    expect([await heldBy(job.id), await amounts()]).toEqual([["1"], ["0", "4", "0"]]);
    // A call that it could do without takes nothing out of it.
    await openNext("2", "1");
    expect([await heldBy(job.id), await amounts()]).toEqual([["1"], ["0", "6", "0"]]);
    // Less than was held, also where that alone makes room.
    await database.prisma.creator.update({ where: { id: creatorId }, data: { quotaUsd: 5.75 } });
    expect(await openNext("0.25", "0.5")).toMatchObject({ kind: "open" });
    expect([await heldBy(job.id), await amounts()]).toEqual([["0.5"], ["0", "5.75", "0"]]);

    expect(await ledger.releaseJobHolds(10, [job.id])).toEqual([]);
    await cancel(job.id);
    const released = { id: job.id, creatorId, releasedUsd: "0.500000000000" };
    expect(await ledger.releaseJobHolds(10, [job.id])).toEqual([released]);
    expect([await heldBy(job.id), await amounts()]).toEqual([["0"], ["0", "5.25", "0"]]);
    expect(await ledger.releaseJobHolds(10, [job.id])).toEqual([]);
  });

  it("is given back with its end, to each account of its own", async () => {
    const apiKeyId = await createApiKeyRow(database, null);
    const wish = { creatorId, apiKeyId, holdUsd: "0.5" };
    const calls = await openCalls(database, ledger, [
      { ...wish, reserveUsd: "1" },
      { ...wish, reserveUsd: "2" },
      { ...wish, creatorId: newId("evt"), reserveUsd: "4" },
      wish,
      { ...wish, reserveUsd: "0.25" },
    ]);
    const ids = calls.map(({ jobId }) => jobId);
    const end = { attempt: 1, status: "completed", result: {} } as const;
    await endJobs(
      database,
      ids.slice(0, 4).map((id) => ({ ...end, id, eventId: newId("evt") })),
    );
    expect(await heldBy(...ids)).toEqual(["0", "0", "0", "0", "0.25"]);
    const ofOther = await amounts(String(calls[2].creatorId));
    expect([await amounts(), ofOther, await heldOfKey(apiKeyId)]).toEqual([
      ["0", "2.25", "0"],
      ["0", "0.5", "0"],
      "2.75",
    ]);
    expect(await ledger.releaseJobHolds(10, ids)).toEqual([]);
  });

  it("is given back to its key as well, and for each job of a batch", async () => {
    const apiKeyId = await createApiKeyRow(database, null);
    const other = newId("evt");
    const jobs = await runningJobs(database, [
      { creatorId, apiKeyId },
      { creatorId: other, apiKeyId },
      { creatorId, apiKeyId },
    ]);
    const openAll = (holdUsd: string, reserveUsd: string) =>
      Promise.all(
        jobs.map(async (job) => ledger.openCall(await intent(ledger, job, holdUsd, { reserveUsd }))),
      );
    await openAll("0.5", "4");
    const held = async () => [(await amounts())[1], (await amounts(other))[1], await heldOfKey(apiKeyId)];
    expect(await held()).toEqual(["9", "4.5", "13.5"]);
    await openAll("0.25", "0");
    expect(await held()).toEqual(["1.5", "0.75", "2.25"]);
    await openAll("1", "1");
    expect(await held()).toEqual(["5.5", "2.75", "8.25"]);
  });

  it("keeps it from beginning where there is no room for all of it", async () => {
    const whole = await open("1", { reserveUsd: "9.5" });
    expect(whole.opening).toMatchObject({ kind: "no_room", requiredUsd: "10.5" });
    await open("5");
    const rest = await open("1", { reserveUsd: "4.5" });
    expect(rest.opening).toMatchObject({ kind: "wait", requiredUsd: "5.5" });
  });

  it("is held once, when a later attempt begins with some of it still held", async () => {
    const job = await runningJob(database, { creatorId });
    await ledger.openCall(await intent(ledger, job, "1", { reserveUsd: "4" }));
    const [again] = await run(database, [job.id]);
    await ledger.openCall(await intent(ledger, again, "1", { reserveUsd: "4" }));
    // The first attempt's call is open still; of the 5 that this one needs the job had 4.
    expect(await amounts()).toEqual(["0", "6", "0"]);
  });

  it("is given back by all jobs that run no more, to each one's creator and key", async () => {
    const [one, other] = [await createApiKeyRow(database, null), await createApiKeyRow(database, null)];
    const [ofA, ofB] = [
      { creatorId, holdUsd: "0.125" },
      { creatorId: newId("evt"), holdUsd: "0.125" },
    ];
    const calls = await openCalls(database, ledger, [
      { ...ofA, apiKeyId: one, reserveUsd: "3" },
      { ...ofA, apiKeyId: one, reserveUsd: "2" },
      { ...ofA, apiKeyId: other, reserveUsd: "1" },
      { ...ofA, reserveUsd: "0.5" },
      { ...ofB, apiKeyId: one, reserveUsd: "4" },
      { ...ofB, apiKeyId: other, reserveUsd: "0.25" },
      { ...ofB, apiKeyId: other, reserveUsd: "0.25" },
    ]);
    const ids = calls.map(({ jobId }) => jobId);
    const [runs, waits, ...ended] = ids.toReversed() as [string, string, ...string[]];
    await cancel(...ended, runs);
    await run(database, [waits]);
    const released = (await ledger.releaseJobHolds(100)).map(({ id }) => id).sort();
    expect(released).toEqual([...ended, runs].sort());
    expect(await heldBy(...ids)).toEqual(ids.map((id) => (id === waits ? "0.25" : "0")));
    expect([await amounts(), await amounts(ofB.creatorId)]).toEqual([
      ["0", "0.5", "0"],
      ["0", "0.625", "0"],
    ]);
    expect([await heldOfKey(one), await heldOfKey(other)]).toEqual(["0.375", "0.625"]);
  });

  it("is given back by the jobs that are named alone, and so many at a time", async () => {
    const wish = { creatorId, holdUsd: "0.5", reserveUsd: "1" };
    const calls = await openCalls(database, ledger, [wish, wish, wish, wish]);
    const ids = calls.map(({ jobId }) => jobId);
    await cancel(...ids);
    const [named, ...others] = ids as [string, ...string[]];
    expect(await ledger.releaseJobHolds(100, [named])).toMatchObject([{ id: named }]);
    expect(await heldBy(...ids)).toEqual(["0", "1", "1", "1"]);
    expect(await ledger.releaseJobHolds(2)).toHaveLength(2);
    await database.prisma.$transaction(async (other) => {
      const { id } = await other.job.findFirstOrThrow({ where: { id: { in: others }, heldUsd: { gt: 0 } } });
      await other.job.update({ where: { id }, data: { priority: 2 } });
      // What another process has at hand is left, and holds up nobody.
      expect(await ledger.releaseJobHolds(100)).toEqual([]);
    });
    expect(await ledger.releaseJobHolds(100)).toHaveLength(1);
  });

  it.each(["creator", "key"])(
    "is given back to the %s's account as it is when its lock is had",
    async (whose) => {
      const apiKeyId = await createApiKeyRow(database, null);
      const wish = { creatorId, apiKeyId, holdUsd: "0.5", reserveUsd: "1" };
      const [{ jobId }] = await openCalls(database, ledger, [wish]);
      await cancel(jobId);
      let released: Promise<unknown> | undefined;
      await database.prisma.$transaction(async (other) => {
        const data = { heldUsd: "3" };
        if (whose === "key") await other.account.update({ where: { apiKeyId }, data });
        else await other.account.updateMany({ where: { creatorId }, data });
        released = ledger.releaseJobHolds(100, [jobId]);
        await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
      });
      await released;
      expect(whose === "key" ? await heldOfKey(apiKeyId) : (await amounts())[1]).toBe("2");
    },
  );
});

describe("the budget of a key", () => {
  it("bounds what comes with it, beside the creator's quota, and knows what was spent", async () => {
    const apiKeyId = await createApiKeyRow(database, "3");
    const first = await open("2", { apiKeyId });
    expect((await open("2", { apiKeyId })).opening.kind).toBe("wait");
    expect((await open("2")).opening.kind).toBe("open");
    await ledger.endCall(begun(first.wish), answered("1.25"));
    const { opening } = await open("2", { apiKeyId });
    expect(opening).toMatchObject({
      kind: "no_room",
      bound: "key",
      limitUsd: "3.000000000000",
      resetsAt: null,
    });
    expect((await open("1.75", { apiKeyId })).opening.kind).toBe("open");
    const key = await database.prisma.account.findUniqueOrThrow({ where: { apiKeyId } });
    expect([key.spentUsd.toFixed(), key.heldUsd.toFixed()]).toEqual(["1.25", "1.75"]);
  });

  it("counts what was spent and held before it was set", async () => {
    const apiKeyId = await createApiKeyRow(database, null);
    const spent = await open("2", { apiKeyId });
    await ledger.endCall(begun(spent.wish), answered("1.25"));
    await open("1", { apiKeyId });
    await database.prisma.apiKey.update({ where: { id: apiKeyId }, data: { budgetUsd: "3" } });
    expect((await open("0.76", { apiKeyId })).opening.kind).toBe("wait");
    expect((await open("0.75", { apiKeyId })).opening.kind).toBe("open");
    expect((await open("1.76", { apiKeyId })).opening).toMatchObject({ kind: "no_room", bound: "key" });
  });
});

describe("the switch", () => {
  it("stops all spending, and nothing is held meanwhile", async () => {
    const { spendingSwitch } = database.prisma;
    const turn = (stopped: boolean) => spendingSwitch.update({ where: { id: 1 }, data: { stopped } });
    await turn(true);
    try {
      const openings = await Promise.all([open("1"), open("1000", { creatorId: newId("evt") })]);
      const paused = { kind: "wait", waitingFor: "paused" };
      expect(openings.map(({ opening }) => opening)).toMatchObject([paused, paused]);
    } finally {
      await turn(false);
    }
    expect((await open("1")).opening.kind).toBe("open");
    expect(await amounts()).toEqual(["0", "1", "0"]);
  });
});
