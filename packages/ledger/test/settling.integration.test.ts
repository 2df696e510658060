import { beforeEach, describe, expect, it } from "@jest/globals";
import { databaseFault, newId, openDatabase } from "@understudy/database";
import { cancelJob, putOffJob } from "@understudy/jobs";
import { createApiKeyRow, eventually } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { alerts } from "../src/alerts/alerts-list.ts";
import type { CallIntent } from "../src/call.ts";
import { Ledger } from "../src/ledger.ts";
import { resolveUnknownCall } from "../src/resolve-unknown.ts";
import { endJobs } from "./end-jobs.ts";
import {
  answered,
  begun,
  type CallWish,
  flashPrice,
  intent,
  openCalls,
  run,
  runningJob,
  waitingForLocks,
} from "./running-jobs.ts";

const { url, database } = await openSuiteDatabase();
let ledger: Ledger;
let roomFor: string[];
let creatorId: string;

beforeEach(() => {
  creatorId = newId("evt");
  roomFor = [];
  ledger = new Ledger(database, { onRoom: (id) => roomFor.push(id) });
});

/** Opens calls together: of the test's creator, and $0.5 held, unless told otherwise. */
function opened<const Wishes extends readonly Partial<CallWish>[]>(...wishes: Wishes) {
  const whole = wishes.map((wish) => ({ creatorId, holdUsd: "0.5", ...wish }));
  return openCalls(database, ledger, whole as { [Index in keyof Wishes]: CallWish });
}

async function giveUp(count: number) {
  await eventually(async () => expect(await ledger.giveUpCalls(100)).toHaveLength(count));
}

function row({ id }: CallIntent) {
  return database.prisma.usageLog.findUniqueOrThrow({ where: { id } });
}

async function statuses(calls: readonly CallIntent[]) {
  return (await Promise.all(calls.map(row))).map(({ status }) => status);
}

type Usd = { toFixed(): string };

/** Spent, held and unknown. */
function amounts(account: { spentUsd: Usd; heldUsd: Usd; unknownUsd: Usd }) {
  return [account.spentUsd, account.heldUsd, account.unknownUsd].map((usd) => usd.toFixed());
}

async function accountOf(id: string) {
  return amounts(await database.prisma.account.findFirstOrThrow({ where: { creatorId: id } }));
}

async function accountOfKey(id: string) {
  return amounts(await database.prisma.account.findUniqueOrThrow({ where: { apiKeyId: id } }));
}

async function stepsOf({ jobId }: CallIntent) {
  const steps = await database.prisma.step.findMany({ where: { jobId } });
  return steps.map(({ key, result }) => [key, result]);
}

describe("calls that end together", () => {
  it("count each on its creator's and its key's account, those that were lost too", async () => {
    const [one, other] = [await createApiKeyRow(database, "9"), await createApiKeyRow(database, null)];
    const [a, b] = [newId("evt"), newId("evt")];
    const [ofA, ofB, lost] = [{ creatorId: a }, { creatorId: b }, { timeoutSeconds: 0 }];
    const ends = [
      { ...ofA, apiKeyId: one, usd: "0.1" },
      { ...ofA, apiKeyId: one, holdUsd: "0.25", usd: "0.01" },
      { ...ofA, apiKeyId: other, holdUsd: "0.75", usd: "0.02" },
      { ...ofB, apiKeyId: one, holdUsd: "1.5", usd: "0.2" },
      { ...ofB, holdUsd: "1", usd: "0.04" },
      { ...ofA, apiKeyId: one, holdUsd: "2", ...lost, usd: "0.3" },
      { ...ofA, apiKeyId: one, holdUsd: "1", ...lost, usd: "0.005" },
      { ...ofB, apiKeyId: other, holdUsd: "3", ...lost, usd: "0.4" },
    ];
    const calls = await opened(...ends.map(({ usd: _, ...wish }) => wish));
    // Others, which stay as they are.
    const left = [
      { ...ofA, apiKeyId: one },
      { ...ofB, apiKeyId: other },
    ];
    await opened(...left.map((wish) => ({ ...wish, holdUsd: "0.125" })));
    await opened(...left.map((wish) => ({ ...wish, holdUsd: "0.0625", ...lost })));
    await giveUp(5);
    expect([await accountOf(a), await accountOf(b)]).toEqual([
      ["0", "1.625", "3.0625"],
      ["0", "2.625", "3.0625"],
    ]);

    await Promise.all(
      calls.map((call, index) => ledger.endCall(begun(call), answered(ends[index]?.usd ?? ""))),
    );
    expect(await accountOf(a)).toEqual(["0.435", "0.125", "0.0625"]);
    expect(await accountOf(b)).toEqual(["0.64", "0.125", "0.0625"]);
    expect(await accountOfKey(one)).toEqual(["0.615", "0.125", "0.0625"]);
    expect(await accountOfKey(other)).toEqual(["0.42", "0.125", "0.0625"]);
  });

  it("tell of those that cost more than was held for them, and of no others", async () => {
    const calls = await opened({ holdUsd: "0.1" }, { holdUsd: "0.2" }, { holdUsd: "0.3" });
    await Promise.all(calls.map((call) => ledger.endCall(begun(call), answered("0.2"))));
    const { items } = await alerts(database, { creatorId, type: "cost_above_hold", limit: 10 }, undefined);
    expect(items.map(({ data }) => data)).toEqual([{ callId: calls[0].id, costUsd: "0.2", holdUsd: "0.1" }]);
  });

  it("make room for creators whose jobs wait for it, told once each, and for no others", async () => {
    const [quota, paused, provider, none] = [newId("evt"), newId("evt"), newId("evt"), newId("evt")];
    for (const [creatorId, waits] of [
      [quota, { waitingFor: "quota", neededUsd: "1", isTry: false }],
      [paused, { waitingFor: "paused", neededUsd: "1", isTry: false }],
      [provider, { waitingFor: "provider", delayMs: 0, isTry: false }],
      [none, { waitingFor: "quota", neededUsd: "1", isTry: false }],
    ] as const) {
      const job = await runningJob(database, { creatorId });
      expect(await putOffJob(database, { ...job, ...waits })).toBe(true);
      // This one waits no more.
      if (creatorId === none) await run(database, [job.id]);
    }
    const calls = await opened(...[quota, quota, paused, provider, none].map((creatorId) => ({ creatorId })));
    const ends = calls.map((call) => ledger.endCall(begun(call), answered("0.1")));
    await Promise.all([...ends, ledger.close()]);
    expect(roomFor.sort()).toEqual([quota, paused]);
  });
});

describe("a call's answer", () => {
  it("is on record with all that it tells", async () => {
    const [call] = await opened({});
    const usage = {
      promptTokenCount: 1000,
      cachedContentTokenCount: 100,
      candidatesTokenCount: 20,
      thoughtsTokenCount: 3,
      toolUsePromptTokenCount: 50,
    };
    await ledger.endCall(begun(call), { ...answered("0"), usage, finishReason: "STOP" });
    expect(await row(call)).toMatchObject({
      status: "settled",
      inputTokens: 1050,
      cachedTokens: 100,
      outputTokens: 20,
      thoughtTokens: 3,
      usageMetadata: usage,
      estimated: false,
      provider: "emulator",
      finishReason: "STOP",
      httpStatus: 200,
      errorCode: null,
      byOperator: false,
    });
  });

  it("is priced by the tier that was served, or by the one asked for where that has no price", async () => {
    const embedding = await ledger.prices.priceOf("gemini-embedding-001", "standard", new Date());
    if (!embedding) throw new Error("no price");
    const [served, unpriced] = await opened(
      { price: await flashPrice(ledger, "priority") },
      { price: embedding },
    );
    await ledger.endCall(begun(served), answered("0.1"));
    const { id: priceId } = await flashPrice(ledger);
    expect(await row(served)).toMatchObject({ serviceTier: "standard", priceId, estimated: false });
    await ledger.endCall(begun(unpriced), { ...answered("0.1"), serviceTier: "priority" as const });
    const told = { serviceTier: "standard", priceId: embedding.id, estimated: true } as const;
    expect(await row(unpriced)).toMatchObject(told);
  });

  it("that is a refusal costs nothing, names its reason, and leaves tier and price", async () => {
    const price = await flashPrice(ledger, "priority");
    const [call] = await opened({ price });
    const refusal = { errorCode: "blocked", httpStatus: 429, provider: "gemini" } as const;
    await ledger.endCall(begun(call), { kind: "refused", ...refusal });
    const asked = { serviceTier: "priority", priceId: price.id };
    expect(await row(call)).toMatchObject({ status: "released", ...refusal, ...asked });
    expect(await accountOf(creatorId)).toEqual(["0", "0", "0"]);
  });

  it("that comes late ends the call as if it had never been lost", async () => {
    const [call] = await opened({ timeoutSeconds: 0 });
    await giveUp(1);
    const lostAt = new Date(Date.now() - 60_000);
    await database.prisma.usageLog.update({ where: { id: call.id }, data: { settledAt: lostAt } });
    expect((await row(call)).errorCode).toBe("answer_lost");
    await ledger.endCall(begun(call), answered("0.1"));
    const { errorCode, settledAt } = await row(call);
    expect(errorCode).toBeNull();
    expect(settledAt?.getTime()).toBeGreaterThan(lostAt.getTime());
  });

  it("is the only one: what ended a call first stays, be it an answer, a refusal or an operator's word", async () => {
    const refusal = { kind: "refused", errorCode: "blocked" } as const;
    const [settled, refused, lost] = await opened({}, {}, { timeoutSeconds: 0 });
    await giveUp(1);
    await resolveUnknownCall(database, lost.id, { writeOff: true });
    await ledger.endCall(begun(settled), answered("0.1"));
    await ledger.endCall(begun(refused), refusal);
    await ledger.endCall(begun(settled), refusal);
    await Promise.all([refused, lost].map((call) => ledger.endCall(begun(call), answered("0.2"))));
    expect(await statuses([settled, refused, lost])).toEqual(["settled", "released", "released"]);
    expect(await accountOf(creatorId)).toEqual(["0.1", "0", "0"]);
  });
});

describe("an answer that Postgres refuses for its data", () => {
  it("has its cost written all the same, without its words, and says so", async () => {
    const [call, other] = await opened({ holdUsd: "1" }, {});
    const answer = { ...answered("0.25"), finishReason: "STOP\u0000", stepResult: { text: "x\u0000" } };
    const ends = await Promise.allSettled([
      ledger.endCall(begun(call), answer),
      ledger.endCall(begun(other), answered("0.1")),
    ]);
    expect(ends.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    expect(databaseFault((ends[0] as PromiseRejectedResult).reason)).toBe("data");
    const row = await database.prisma.usageLog.findUniqueOrThrow({ where: { id: call.id } });
    expect(row).toMatchObject({
      status: "settled",
      errorCode: "not_storable",
      finishReason: null,
      outputTokens: 99_997,
    });
    expect(row.costUsd?.toFixed()).toBe("0.25");
    expect(await database.prisma.step.count({ where: { jobId: call.jobId } })).toBe(0);
  });
});

describe("the step of a call's answer", () => {
  const text = (words: string) => ({ ...answered("0.1"), stepResult: { text: words } });

  it("is remembered of attempts that own their job, beside others that end with it", async () => {
    const calls = await opened({}, {}, {}, {}, {});
    const [own, late, ended, cancelled, silent] = calls;
    await run(database, [late.jobId]);
    const end = { status: "completed", result: {}, eventId: newId("evt") } as const;
    await endJobs(database, [{ id: ended.jobId, attempt: 1, ...end }]);
    await cancelJob(database, cancelled.jobId, newId("evt"));
    await Promise.all(
      calls.map((call) => ledger.endCall(begun(call), call === silent ? answered("0.1") : text("hi"))),
    );
    expect(await stepsOf(own)).toEqual([[own.stepKey, { text: "hi" }]]);
    for (const call of [late, ended, cancelled, silent]) expect(await stepsOf(call)).toEqual([]);
    expect(await statuses(calls)).toEqual(calls.map(() => "settled"));
  });

  it("stays as it was first, where other calls answer it again", async () => {
    const job = await runningJob(database, { creatorId });
    const calls = [];
    while (calls.length < 3) calls.push(await intent(ledger, job, "0.5", { stepKey: "draft" }));
    for (const call of calls) await ledger.openCall(call);
    const [first, ...others] = calls as [CallIntent, ...CallIntent[]];
    await ledger.endCall(begun(first), text("first"));
    await Promise.all(others.map((call) => ledger.endCall(begun(call), text("again"))));
    expect(await stepsOf(first)).toEqual([["draft", { text: "first" }]]);
    expect(await accountOf(creatorId)).toEqual(["0.3", "0", "0"]);
  });
});

describe("a call that ends while another process writes", () => {
  it.each(["creator", "key"])("is worked out from the %s's account as it is then", async (whose) => {
    const apiKeyId = await createApiKeyRow(database, null);
    const [call] = await opened({ apiKeyId });
    const data = { spentUsd: "3", heldUsd: "2", unknownUsd: "1" };
    let settled: Promise<unknown> | undefined;
    await database.prisma.$transaction(async (other) => {
      if (whose === "key") await other.account.update({ where: { apiKeyId }, data });
      else await other.account.updateMany({ where: { creatorId }, data });
      settled = ledger.endCall(begun(call), answered("0.1"));
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
    });
    await settled;
    const account = whose === "key" ? accountOfKey(apiKeyId) : accountOf(creatorId);
    expect(await account).toEqual(["3.1", "1.5", "1"]);
  });
});

describe("a call whose opening is not heard of", () => {
  it("gives its hold back where the opening is committed only after it was to be given back", async () => {
    const hasty = openDatabase(url, 2, { queryTimeoutMs: 500 });
    const impatient = new Ledger(hasty);
    await opened({ holdUsd: "0.25" });
    const job = await runningJob(database, { creatorId });
    const call = await intent(ledger, job, "0.5");
    const found = () => database.prisma.usageLog.findUnique({ where: { id: call.id } });
    try {
      await impatient.prices.priceOf("gemini-2.5-flash", "standard", new Date());
      await database.transaction(async (execute) => {
        const lock = `SELECT FROM "Account" WHERE "creatorId" = $1::jsonb -> 0 ->> 'creatorId' FOR UPDATE`;
        await execute({ name: "", text: lock }, [{ creatorId }]);
        await expect(impatient.openCall(call)).rejects.toThrow("timeout");
        // The release waits for the opening, which has locked the job, and was asked when there was nothing to be seen.
        await eventually(async () => expect(await waitingForLocks(database)).toBeGreaterThan(1));
        expect(await found()).toBeNull();
      });
      await eventually(async () => expect((await found())?.status).toBe("released"));
      expect(await accountOf(creatorId)).toEqual(["0", "0.25", "0"]);
    } finally {
      await hasty.close();
    }
  });
});
