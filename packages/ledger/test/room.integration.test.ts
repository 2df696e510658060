import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  claimJobs,
  createJobs,
  type Database,
  finishJobs,
  newId,
  openDatabase,
  requeueJob,
} from "@understudy/database";
import { createApiKeyRow, createTestDatabase, type TestDatabase } from "@understudy/testkit";
import { type CallIntent, Ledger } from "../src/ledger.ts";
import { Money, sumUsd } from "../src/money.ts";

let testDatabase: TestDatabase;
let database: Database;
let ledger: Ledger;
let roomFor: string[];
let creatorId: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url, 20);
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

beforeEach(() => {
  creatorId = newId("evt");
  roomFor = [];
  ledger = new Ledger(database, { onRoom: (id) => roomFor.push(id) });
});

const common = { agent: "test", feature: "test", model: "gemini-2.5-flash", input: {}, requiredUsd: "0" };

async function newJob(options: { priority?: number; apiKeyId?: string } = {}): Promise<string> {
  const id = newId("job");
  await createJobs(database, [{ ...common, priority: 1, ...options, id, creatorId, createCreator: true }]);
  return id;
}

async function run(id: string): Promise<{ id: string; attempt: number }> {
  const job = await database.prisma.job.findUniqueOrThrow({ where: { id } });
  const [claimed] = await claimJobs(database, [{ id, generation: job.generation, timeoutSeconds: 60 }]);
  if (!claimed) throw new Error("not claimed");
  return { id, attempt: claimed.attempt };
}

async function runningJob(options: { apiKeyId?: string } = {}) {
  return run(await newJob(options));
}

async function intent(
  job: { id: string; attempt: number },
  holdUsd: string,
  more: { reserveUsd?: string; isNecessary?: boolean } = {},
): Promise<CallIntent> {
  const price = await ledger.prices.priceOf("gemini-2.5-flash", "standard", new Date());
  if (!price) throw new Error("no price");
  return {
    id: ledger.newCallId(),
    jobId: job.id,
    attempt: job.attempt,
    stepKey: newId("evt"),
    creatorId,
    agentId: "test_ai",
    feature: "test",
    price,
    holdUsd: new Money(holdUsd),
    reserveUsd: new Money(more.reserveUsd ?? 0),
    isNecessary: more.isNecessary ?? true,
    timeoutSeconds: 60,
  };
}

async function open(holdUsd: string, options: { apiKeyId?: string } = {}) {
  const wish = await intent(await runningJob(options), holdUsd);
  return { wish, opening: await ledger.openCall(wish) };
}

/** Output tokens of gemini-2.5-flash, at $2.50 a million. */
function answered(usd: string) {
  const candidatesTokenCount = new Money(usd).times(400_000).toNumber();
  return {
    kind: "answered",
    usage: { promptTokenCount: 0, candidatesTokenCount },
    serviceTier: "standard",
    provider: "emulator",
  } as const;
}

async function waitForRoom(id: string, attempt: number, neededUsd: string) {
  expect(await requeueJob(database, { id, attempt, waitingFor: "quota", neededUsd })).toBe(true);
}

async function amounts() {
  const row = await database.prisma.monthlySpend.findFirstOrThrow({ where: { creatorId } });
  return [row.spentUsd, row.heldUsd, row.unknownUsd].map((usd) => usd.toFixed());
}

async function woken(creators?: string[]) {
  return (await ledger.wakeWaitingJobs(100, creators ?? [creatorId])).map((job) => job.id);
}

describe("room in a quota", () => {
  it("that others' holds take comes back: wait; that is spent does not: no room", async () => {
    const first = await open("9");
    expect((await open("2")).opening).toMatchObject({ kind: "wait", waitingFor: "quota", requiredUsd: "2" });
    await ledger.endCall(first.wish, answered("8.5"));
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
    const lost = { ...(await intent(await runningJob(), "6")), timeoutSeconds: 0 };
    await ledger.openCall(lost);
    await ledger.giveUpCalls(1_000);
    expect((await open("5")).opening).toMatchObject({ kind: "no_room", unknownUsd: "6.000000000000" });
  });

  it("is given to calls that come together as far as it reaches", async () => {
    const wishes = await Promise.all(
      ["4", "4", "4", "1", "1"].map(async (usd) => intent(await runningJob(), usd)),
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
    await ledger.endCall(wish, answered("0.5"));
    await database.prisma.monthlySpend.updateMany({ where: { creatorId }, data: { closedAt: new Date() } });
    // The month is still this one here, so there is no other to take it from: no hold stands on a closed account.
    expect((await open("1")).opening.kind).not.toBe("open");
    expect(await amounts()).toEqual(["0.5", "0", "0"]);
  });
});

describe("what a job can't do without", () => {
  it("is held before its first call, drawn from there, and given back when it ends", async () => {
    const job = await runningJob();
    const held = async () =>
      (await database.prisma.job.findUniqueOrThrow({ where: { id: job.id } })).heldUsd.toFixed();
    const first = await intent(job, "1", { reserveUsd: "4" });
    expect(await ledger.openCall(first)).toEqual({ kind: "open" });
    expect([await held(), await amounts()]).toEqual(["4", ["0", "5", "0"]]);

    const second = await intent(job, "3");
    await ledger.openCall(second);
    expect([await held(), await amounts()]).toEqual(["1", ["0", "5", "0"]]);
    // A call that it could do without takes nothing out of it.
    await ledger.openCall(await intent(job, "2", { isNecessary: false }));
    expect([await held(), await amounts()]).toEqual(["1", ["0", "7", "0"]]);

    expect(await ledger.releaseJobHolds(10, [job.id])).toEqual([]);
    await finishJobs(database, [{ ...job, status: "completed", result: {}, eventId: newId("evt") }]);
    expect(await ledger.releaseJobHolds(10, [job.id])).toMatchObject([{ id: job.id, creatorId }]);
    expect([await held(), await amounts()]).toEqual(["0", ["0", "6", "0"]]);
    expect(await ledger.releaseJobHolds(10, [job.id])).toEqual([]);
  });

  it("keeps it from beginning where there is no room for all of it", async () => {
    const wish = await intent(await runningJob(), "1", { reserveUsd: "9.5" });
    expect(await ledger.openCall(wish)).toMatchObject({ kind: "no_room", requiredUsd: "10.5" });
    await open("5");
    const other = await intent(await runningJob(), "1", { reserveUsd: "4.5" });
    expect(await ledger.openCall(other)).toMatchObject({ kind: "wait", requiredUsd: "5.5" });
  });

  it("is held once, when a later attempt begins with some of it still held", async () => {
    const job = await runningJob();
    await ledger.openCall(await intent(job, "1", { reserveUsd: "4" }));
    const again = await run(job.id);
    await ledger.openCall(await intent(again, "1", { reserveUsd: "4" }));
    // The first attempt's call is open still; of the 5 that this one needs the job had 4.
    expect(await amounts()).toEqual(["0", "6", "0"]);
  });
});

describe("jobs that wait for room", () => {
  it("go on in their order when a hold is settled, as many as there is room for", async () => {
    const holder = await open("9.5");
    const ids = [];
    for (const priority of [2, 1, 3]) ids.push(await newJob({ priority }));
    for (const id of ids) await waitForRoom(id, (await run(id)).attempt, "3");
    expect(await woken()).toEqual([]);

    await ledger.endCall(holder.wish, answered("5"));
    expect(roomFor).toEqual([creatorId]);
    expect(await woken()).toEqual([ids[1]]);
    const row = await database.prisma.job.findUniqueOrThrow({ where: { id: ids[1] as string } });
    expect(row).toMatchObject({ waitingFor: null, neededUsd: null, generation: 2, dispatchedAt: null });
  });

  it("go on to hear that there is no room, once what is spent leaves none", async () => {
    const holder = await open("9");
    const job = await runningJob();
    await waitForRoom(job.id, job.attempt, "2");
    expect(await woken()).toEqual([]);
    await ledger.endCall(holder.wish, answered("8.5"));
    expect(await woken()).toEqual([job.id]);
  });

  it("are found without a settled hold too: a new quota, a lost call, a sweep over all", async () => {
    await open("9");
    const job = await runningJob();
    await waitForRoom(job.id, job.attempt, "2");
    await database.prisma.creator.update({ where: { id: creatorId }, data: { quotaUsd: "11" } });
    expect((await ledger.wakeWaitingJobs(100)).map((found) => found.id)).toContain(job.id);
  });

  it("may still expire while they have made no call", async () => {
    const job = await runningJob();
    await waitForRoom(job.id, job.attempt, "2");
    const { startedAt } = await database.prisma.job.findUniqueOrThrow({ where: { id: job.id } });
    expect(startedAt).toBeNull();
  });
});

describe("the budget of a key", () => {
  it("bounds what comes with it, beside the creator's quota, and knows what was spent", async () => {
    const apiKeyId = await createApiKeyRow(database, "3");
    const first = await open("2", { apiKeyId });
    expect((await open("2", { apiKeyId })).opening.kind).toBe("wait");
    expect((await open("2")).opening.kind).toBe("open");
    await ledger.endCall(first.wish, answered("1.25"));
    const { opening } = await open("2", { apiKeyId });
    expect(opening).toMatchObject({
      kind: "no_room",
      bound: "key",
      limitUsd: "3.000000000000",
      resetsAt: null,
    });
    expect((await open("1.75", { apiKeyId })).opening.kind).toBe("open");
    const key = await database.prisma.apiKey.findUniqueOrThrow({ where: { id: apiKeyId } });
    expect([key.spentUsd.toFixed(), key.heldUsd.toFixed()]).toEqual(["1.25", "1.75"]);
  });

  it("counts what was spent and held before it was set", async () => {
    const apiKeyId = await createApiKeyRow(database, null);
    const spent = await open("2", { apiKeyId });
    await ledger.endCall(spent.wish, answered("1.25"));
    await open("1", { apiKeyId });
    await database.prisma.apiKey.update({ where: { id: apiKeyId }, data: { budgetUsd: "3" } });
    expect((await open("0.76", { apiKeyId })).opening.kind).toBe("wait");
    expect((await open("0.75", { apiKeyId })).opening.kind).toBe("open");
    expect((await open("1.76", { apiKeyId })).opening).toMatchObject({ kind: "no_room", bound: "key" });
  });
});

describe("the budget of the platform", () => {
  it("is never passed by many creators and two ledgers at once", async () => {
    const before = await database.prisma.monthlySpend.aggregate({
      _sum: { spentUsd: true, heldUsd: true, unknownUsd: true },
    });
    const { spentUsd, heldUsd, unknownUsd } = before._sum;
    const taken = sumUsd([spentUsd, heldUsd, unknownUsd].map((usd) => usd?.toFixed() ?? 0));
    const options = { platformQuotaUsd: taken.plus(5).toFixed() };
    const ledgers = [new Ledger(database, options), new Ledger(database, options)];
    const openings = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        creatorId = `platform_${index}_${newId("evt")}`;
        const wish = await intent(await runningJob(), "0.3");
        return ledgers[index % 2]?.openCall(wish);
      }),
    );
    expect(openings.filter((opening) => opening?.kind === "open")).toHaveLength(16);
    expect(openings.filter((opening) => opening?.kind === "wait")).toHaveLength(24);
  });
});

describe("the switch", () => {
  it("stops all spending, and lets jobs go on when it is turned back", async () => {
    const { spendingSwitch } = database.prisma;
    const turn = (stopped: boolean) => spendingSwitch.update({ where: { id: 1 }, data: { stopped } });
    await turn(true);
    try {
      const job = await runningJob();
      const wish = await intent(job, "1");
      expect(await ledger.openCall(wish)).toMatchObject({ kind: "wait", waitingFor: "paused" });
      await requeueJob(database, { ...job, waitingFor: "paused", neededUsd: "1" });
      expect(await woken()).toEqual([]);
      await turn(false);
      expect(await woken()).toEqual([job.id]);
    } finally {
      await turn(false);
    }
  });
});
