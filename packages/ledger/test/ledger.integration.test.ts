import { beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { eventually } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import type { CallIntent } from "../src/call.ts";
import { Ledger } from "../src/ledger.ts";
import {
  begun,
  intent as intendCall,
  type RunningJob,
  run,
  runningJob,
  waitingForLocks,
} from "./running-jobs.ts";

const { database } = await openSuiteDatabase(20);
const ledger = new Ledger(database);
let creatorId: string;

beforeEach(() => {
  creatorId = newId("evt");
});

/** A call that a job of the test's creator is about to make: a job of its own unless one is given. */
async function intent(holdUsd: string, job?: RunningJob): Promise<CallIntent> {
  return intendCall(ledger, job ?? (await ownJob()), holdUsd, { stepKey: "draft" });
}

function ownJob(): Promise<RunningJob> {
  return runningJob(database, { creatorId });
}

const answered = {
  kind: "answered",
  usage: { promptTokenCount: 1000, candidatesTokenCount: 500 },
  serviceTier: "standard",
  provider: "emulator",
} as const;

function account() {
  return database.prisma.account.findFirstOrThrow({ where: { creatorId } });
}

function call(id: string) {
  return database.prisma.usageLog.findUniqueOrThrow({ where: { id } });
}

describe("the ledger", () => {
  it("holds before the call and settles at the real cost, once", async () => {
    const wish = await intent("0.5");
    expect(await ledger.openCall(wish)).toMatchObject({ kind: "open" });
    expect(await call(wish.id)).toMatchObject({
      status: "started",
      model: "gemini-2.5-flash",
      costUsd: null,
    });
    expect((await account()).heldUsd.toFixed()).toBe("0.5");

    await ledger.endCall(begun(wish), { ...answered, stepResult: { text: "hi" } });
    await ledger.endCall(begun(wish), { ...answered, stepResult: { text: "hi" } });
    const row = await call(wish.id);
    expect(row).toMatchObject({ status: "settled", inputTokens: 1000, outputTokens: 500, estimated: false });
    expect(row.costUsd?.toFixed()).toBe("0.00155");
    const { spentUsd, heldUsd } = await account();
    expect([spentUsd.toFixed(), heldUsd.toFixed()]).toEqual(["0.00155", "0"]);
    expect(await database.prisma.step.findMany({ where: { jobId: wish.jobId } })).toMatchObject([
      { key: "draft", result: { text: "hi" } },
    ]);
  });

  it("releases the hold of a refused call, at no cost", async () => {
    const wish = await intent("0.5");
    await ledger.openCall(wish);
    await ledger.endCall(begun(wish), { kind: "refused", errorCode: "resource_exhausted", httpStatus: 429 });
    expect(await call(wish.id)).toMatchObject({ status: "released", httpStatus: 429 });
    const { spentUsd, heldUsd } = await account();
    expect([spentUsd.toFixed(), heldUsd.toFixed()]).toEqual(["0", "0"]);
  });

  it("never spends past the quota, however many ask at once", async () => {
    // starter: $10. 40 holds of $0.4 at once: 25 fit, to the last cent.
    const wishes = await Promise.all(Array.from({ length: 40 }, () => intent("0.4")));
    const openings = await Promise.all(wishes.map((wish) => ledger.openCall(wish)));
    expect(openings.filter((opening) => opening.kind === "open")).toHaveLength(25);
    // Only others' holds keep the rest out.
    expect(openings.filter((opening) => opening.kind === "wait")).toHaveLength(15);
    expect((await account()).heldUsd.toFixed()).toBe("10");
  });

  it("keeps creators apart that open and settle calls together", async () => {
    const wishes: CallIntent[] = [];
    for (const [name, quotaUsd] of [
      ["a", 1],
      ["b", 0.3],
      ["c", 10],
    ] as const) {
      creatorId = `${name}_${newId("evt")}`;
      const first = await intent("0.4");
      await database.prisma.creator.update({ where: { id: creatorId }, data: { quotaUsd } });
      wishes.push(first, await intent("0.4"), await intent("0.4"));
    }
    const openings = await Promise.all(wishes.map((wish) => ledger.openCall(wish)));
    const opened = wishes.filter((_, index) => openings[index]?.kind === "open");
    const of = (calls: CallIntent[], name: string) =>
      calls.filter((wish) => wish.creatorId.startsWith(`${name}_`));
    expect(["a", "b", "c"].map((name) => of(opened, name).length)).toEqual([2, 0, 3]);

    await Promise.all(opened.map((wish) => ledger.endCall(begun(wish), answered)));
    const spends = await database.prisma.account.findMany({
      where: { creatorId: { in: wishes.map((wish) => wish.creatorId) } },
      orderBy: { creatorId: "asc" },
    });
    const amounts = spends.map(({ spentUsd, heldUsd }) => [spentUsd.toFixed(), heldUsd.toFixed()]);
    expect(amounts).toEqual([
      ["0.0031", "0"],
      ["0", "0"],
      ["0.00465", "0"],
    ]);
  });

  it("refuses a first hold that alone passes the quota", async () => {
    expect(await ledger.openCall(await intent("10.000000000001"))).toMatchObject({ kind: "no_room" });
  });

  it("opens no call for an attempt that was fenced off", async () => {
    const job = await ownJob();
    await run(database, [job.id]);
    const wish = await intent("0.5", job);
    expect(await ledger.openCall(wish)).toEqual({ kind: "fenced" });
    expect(await database.prisma.usageLog.findUnique({ where: { id: wish.id } })).toBeNull();
  });

  it("records the cost of a late attempt, but not its answer", async () => {
    const job = await ownJob();
    const wish = await intent("0.5", job);
    await ledger.openCall(wish);
    await run(database, [job.id]);
    await ledger.endCall(begun(wish), { ...answered, stepResult: { text: "late" } });
    expect((await call(wish.id)).status).toBe("settled");
    expect(await database.prisma.step.count({ where: { jobId: job.id } })).toBe(0);
  });

  it("gives a lost call up as unknown, and settles it all the same when its answer comes late", async () => {
    const wish = { ...(await intent("0.5")), timeoutSeconds: 0 };
    await ledger.openCall(wish);
    expect((await ledger.giveUpCalls(100)).map((lost) => lost.id)).toContain(wish.id);
    let { heldUsd, unknownUsd, spentUsd } = await account();
    expect([heldUsd, unknownUsd, spentUsd].map((amount) => amount.toFixed())).toEqual(["0", "0.5", "0"]);

    await ledger.endCall(begun(wish), answered);
    ({ heldUsd, unknownUsd, spentUsd } = await account());
    expect([heldUsd, unknownUsd, spentUsd].map((amount) => amount.toFixed())).toEqual(["0", "0", "0.00155"]);
  });

  it("settles a call while it is being given up", async () => {
    const wish = await intent("0.5");
    await ledger.openCall(wish);
    let settled: Promise<unknown> | undefined;
    await database.prisma.$transaction(async (givingUp) => {
      await givingUp.usageLog.update({
        where: { id: wish.id },
        data: { status: "unknown", settledAt: new Date() },
      });
      await givingUp.account.updateMany({
        where: { OR: [{ creatorId }, { kind: "platform_month" }] },
        data: { heldUsd: { decrement: "0.5" }, unknownUsd: { increment: "0.5" } },
      });
      settled = ledger.endCall(begun(wish), answered);
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
    });
    await settled;
    expect((await call(wish.id)).status).toBe("settled");
    const { heldUsd, unknownUsd, spentUsd } = await account();
    expect([heldUsd, unknownUsd, spentUsd].map((amount) => amount.toFixed())).toEqual(["0", "0", "0.00155"]);
  });

  it("takes the hold as the cost where the usage is missing: estimated, never nothing", async () => {
    const wish = await intent("0.5");
    await ledger.openCall(wish);
    await ledger.endCall(begun(wish), { ...answered, usage: null });
    const row = await call(wish.id);
    expect([row.estimated, row.costUsd?.toFixed()]).toEqual([true, "0.5"]);
  });

  it("bills the tier that was served", async () => {
    const price = await ledger.prices.priceOf("gemini-2.5-flash", "priority", new Date());
    if (!price) throw new Error("no price");
    const wish = { ...(await intent("0.5")), price };
    await ledger.openCall(wish);
    await ledger.endCall(begun(wish), answered);
    const row = await call(wish.id);
    expect([row.serviceTier, row.costUsd?.toFixed()]).toEqual(["standard", "0.00155"]);
  });

  it.each([
    ["gemini-4-argon", "2026-12-01", ["2", "10", "0.1"], ["4", "20", "0.2"]],
    ["gemini-4-carbon", "2026-12-01", ["2", "10", "0.1"], ["4", "20", "0.2"]],
    ["gemini-2.5-pro", "2026-12-01", ["1.25", "10", "0.125"], ["0.75", "3.75", "0.075"]],
    ["gemini-2.5-pro", "2027-01-01", ["0.75", "3.75", "0.075"], ["1.5", "7.5", "0.15"]],
    ["gemini-3.6-flash", "2027-01-01", ["0.75", "3.75", "0.075"], ["1.5", "7.5", "0.15"]],
    ["gemini-3.7-flash", "2027-01-01", ["0.75", "3.75", "0.075"], ["1.5", "7.5", "0.15"]],
    ["gemini-3.8-flash", "2027-01-01", ["0.75", "3.75", "0.075"], ["1.5", "7.5", "0.15"]],
  ])("knows the price of %s before and from %s", async (model, day, before, after) => {
    const at = async (time: number) => {
      const price = await ledger.prices.priceOf(model, "standard", new Date(time));
      return [price?.inputUsd, price?.outputUsd, price?.cachedUsd].map((usd) => usd?.toFixed());
    };
    expect(await at(Date.parse(day) - 1)).toEqual(before);
    expect(await at(Date.parse(day))).toEqual(after);
  });

  it("knows that what answers 2.5 has no dearer audio and no long context", async () => {
    const [flash, pro] = await Promise.all(
      ["gemini-2.5-flash", "gemini-2.5-pro"].map((model) =>
        ledger.prices.priceOf(model, "standard", new Date("2026-12-01T00:00:00Z")),
      ),
    );
    expect(flash?.audioInputUsd.toFixed()).toBe("0.3");
    expect(pro).toMatchObject({ longContext: null });
  });

  it("refuses a model that it does not know", async () => {
    expect(await ledger.prices.priceOf("gpt-9", "standard", new Date())).toBeUndefined();
  });
});

describe("the database itself", () => {
  it("refuses to change what is settled, and to delete a call", async () => {
    const wish = await intent("0.5");
    await ledger.openCall(wish);
    await ledger.endCall(begun(wish), answered);
    const { usageLog, price } = database.prisma;
    await expect(usageLog.update({ where: { id: wish.id }, data: { costUsd: 0 } })).rejects.toThrow(
      /keeps its cost/,
    );
    await expect(usageLog.delete({ where: { id: wish.id } })).rejects.toThrow(/never deleted/);
    await expect(price.updateMany({ data: { inputUsd: 0 } })).rejects.toThrow(/never edited/);
  });
});
