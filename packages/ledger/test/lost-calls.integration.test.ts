import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { createApiKeyRow, eventually } from "@understudy/testkit";
import { openStrictSuiteDatabase } from "@understudy/testkit/suite";
import { alerts } from "../src/alerts/alerts-list.ts";
import type { CallIntent } from "../src/call.ts";
import { Ledger } from "../src/ledger.ts";
import { answered, begun, type CallWish, openCalls, waitingForLocks } from "./running-jobs.ts";

const { database, setTime } = await openStrictSuiteDatabase();
const ledger = new Ledger(database);
let creatorId: string;

beforeEach(async () => {
  creatorId = newId("evt");
  await setTime("2026-11-22T18:00:00Z");
});

afterEach(async () => {
  await setTime("2026-11-30T00:00:00Z");
  await ledger.giveUpCalls(100);
});

/** Opens calls together: of the test's creator, $0.5 held, and a minute for the answer, unless told otherwise. */
function opened<const Wishes extends readonly Partial<CallWish>[]>(...wishes: Wishes) {
  const whole = wishes.map((wish) => ({ creatorId, holdUsd: "0.5", ...wish }));
  return openCalls(database, ledger, whole as { [Index in keyof Wishes]: CallWish });
}

async function givenUp(limit = 100): Promise<string[]> {
  return (await ledger.giveUpCalls(limit)).map(({ id }) => id).sort();
}

const ids = (...calls: CallIntent[]) => calls.map(({ id }) => id).sort();

function row({ id }: CallIntent) {
  return database.prisma.usageLog.findUniqueOrThrow({ where: { id } });
}

/** Held and unknown. */
async function accountOf(id: string) {
  const { heldUsd, unknownUsd } = await database.prisma.account.findFirstOrThrow({
    where: { creatorId: id },
  });
  return [heldUsd.toFixed(), unknownUsd.toFixed()];
}

async function accountOfKey(id: string) {
  const { heldUsd, unknownUsd } = await database.prisma.account.findUniqueOrThrow({
    where: { apiKeyId: id },
  });
  return [heldUsd.toFixed(), unknownUsd.toFixed()];
}

async function alertsOf(id: string) {
  const query = { creatorId: id, type: "unknown_calls", limit: 10 } as const;
  return (await alerts(database, query, undefined)).items.map(({ data }) => data);
}

describe("calls whose answer does not come", () => {
  it("are lost past their deadline, not at it, and no call that has ended is", async () => {
    const [inTime, ended] = await opened({}, {});
    await ledger.endCall(begun(ended), answered("0.1"));
    await setTime("2026-11-22T18:01:00Z");
    expect(await givenUp()).toEqual([]);
    await setTime("2026-11-22T18:01:00.001Z");
    expect(await givenUp()).toEqual(ids(inTime));
    expect(await row(inTime)).toMatchObject({ status: "unknown", errorCode: "answer_lost", costUsd: null });
    expect((await row(inTime)).settledAt?.toISOString()).toBe("2026-11-22T18:01:00.001Z");
    expect(await row(ended)).toMatchObject({ status: "settled" });
    expect(await givenUp()).toEqual([]);
    expect(await accountOf(creatorId)).toEqual(["0", "0.5"]);
  });

  it("move each to the unknown part of its creator's and its key's account", async () => {
    const [one, other] = [await createApiKeyRow(database, "9"), await createApiKeyRow(database, null)];
    const [ofA, ofB, late] = [{ creatorId }, { creatorId: newId("evt") }, { timeoutSeconds: 30 }];
    const lost = await opened(
      { ...ofA, ...late, apiKeyId: one },
      { ...ofA, ...late, apiKeyId: one, holdUsd: "0.25" },
      { ...ofA, ...late, apiKeyId: other, holdUsd: "0.75" },
      { ...ofA, ...late, holdUsd: "0.0625" },
      { ...ofB, ...late, apiKeyId: one, holdUsd: "1.5" },
      { ...ofB, ...late, apiKeyId: other, holdUsd: "2.25" },
    );
    // Others, which stay as they are.
    await opened(
      { ...ofA, apiKeyId: one, holdUsd: "0.125" },
      { ...ofB, apiKeyId: other, holdUsd: "0.125" },
      { ...ofB, creatorId: newId("evt"), apiKeyId: await createApiKeyRow(database, null) },
    );
    await setTime("2026-11-22T18:00:59Z");
    const told = lost.map(({ id, creatorId, holdUsd }) => ({ id, creatorId, holdUsd: holdUsd.toFixed(12) }));
    expect(await ledger.giveUpCalls(100)).toEqual(expect.arrayContaining(told));
    expect(await accountOf(ofA.creatorId)).toEqual(["0.125", "1.5625"]);
    expect(await accountOf(ofB.creatorId)).toEqual(["0.125", "3.75"]);
    expect(await accountOfKey(one)).toEqual(["0.125", "2.25"]);
    expect(await accountOfKey(other)).toEqual(["0.125", "3"]);
    // One alert each, and no other.
    expect(await alertsOf(ofA.creatorId)).toEqual([{ hour: "2026-11-22T18", calls: 4, upToUsd: "1.5625" }]);
    expect(await alertsOf(ofB.creatorId)).toEqual([{ hour: "2026-11-22T18", calls: 2, upToUsd: "3.75" }]);
  });

  it("are lost in the order of their deadlines, so many at a time", async () => {
    const [second, first, third] = await opened(
      { timeoutSeconds: 20 },
      { timeoutSeconds: 10 },
      { timeoutSeconds: 30 },
    );
    await setTime("2026-11-22T18:01:00Z");
    expect(await givenUp(1)).toEqual(ids(first));
    expect(await givenUp(1)).toEqual(ids(second));
    expect(await givenUp(2)).toEqual(ids(third));
  });

  it("raise an alert in each UTC hour, which grows with them", async () => {
    for (const at of ["2026-11-22T18:30:00Z", "2026-11-22T18:59:59Z", "2026-11-22T19:00:00Z"]) {
      await opened({ timeoutSeconds: -1 }, { timeoutSeconds: -1 });
      await setTime(at);
      expect(await givenUp()).toHaveLength(2);
    }
    const all = [
      { hour: "2026-11-22T18", calls: 4, upToUsd: "2" },
      { hour: "2026-11-22T19", calls: 2, upToUsd: "1" },
    ];
    expect(await alertsOf(creatorId)).toEqual(expect.arrayContaining(all));
    expect(await alertsOf(creatorId)).toHaveLength(2);
  });

  it("leave alone what another process is ending, and are not held up by it", async () => {
    const [ending, lost] = await opened({ timeoutSeconds: 1 }, { timeoutSeconds: 2 });
    await setTime("2026-11-22T18:01:00Z");
    await database.prisma.$transaction(async (other) => {
      await other.$queryRaw`SELECT FROM "UsageLog" WHERE "id" = ${ending.id} FOR UPDATE`;
      expect(await givenUp()).toEqual(ids(lost));
    });
    expect(await givenUp()).toEqual(ids(ending));
  });

  it.each(["creator", "key"])(
    "are worked out from the %s's account as it is when its lock is had",
    async (whose) => {
      const apiKeyId = await createApiKeyRow(database, null);
      await opened({ apiKeyId });
      await setTime("2026-11-22T18:02:00Z");
      const data = { heldUsd: "2", unknownUsd: "1" };
      let gaveUp: Promise<unknown> | undefined;
      await database.prisma.$transaction(async (other) => {
        if (whose === "key") await other.account.update({ where: { apiKeyId }, data });
        else await other.account.updateMany({ where: { creatorId }, data });
        gaveUp = givenUp();
        await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
      });
      await gaveUp;
      const account = whose === "key" ? accountOfKey(apiKeyId) : accountOf(creatorId);
      expect(await account).toEqual(["1.5", "1.5"]);
    },
  );
});

describe("calls that are lost together", () => {
  it("have their creator's account locked first, then their key's, and the platform's last", async () => {
    const apiKeyId = await createApiKeyRow(database, null);
    await opened({ apiKeyId });
    await setTime("2026-11-22T18:02:00Z");
    let gaveUp: Promise<unknown> | undefined;
    await database.prisma.$transaction(async (other) => {
      await other.$queryRaw`SELECT FROM "Account" WHERE "apiKeyId" = ${apiKeyId} FOR UPDATE`;
      gaveUp = givenUp();
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
      const unlocked = await other.$queryRaw<{ kind: string }[]>`
        SELECT "kind"::text FROM "Account"
        WHERE "creatorId" = ${creatorId} OR "month" = '2026-11-01' AND "kind" = 'platform_month' FOR UPDATE SKIP LOCKED`;
      expect(unlocked).toEqual([{ kind: "platform_month" }]);
    });
    expect(await gaveUp).toHaveLength(1);
  });
});

describe("what is known of a lost answer", () => {
  const usage = {
    promptTokenCount: 1000,
    cachedContentTokenCount: 100,
    candidatesTokenCount: 20,
    thoughtsTokenCount: 3,
  };
  const tokens = { inputTokens: 1000, cachedTokens: 100, outputTokens: 20, thoughtTokens: 3 };

  it("is noted while the call stays open, and is not forgotten when its job is cancelled", async () => {
    const [call, other] = await opened({}, {});
    await ledger.loseCall(call.id, { usage, isCancelled: false });
    const noted = { usageMetadata: usage, ...tokens, status: "started" };
    const { deadlineAt } = await row(call);
    expect(await row(call)).toMatchObject({ ...noted, errorCode: null });
    expect(deadlineAt.toISOString()).toBe("2026-11-22T18:01:00.000Z");
    expect(await givenUp()).toEqual([]);

    await setTime("2026-11-22T18:00:10Z");
    await ledger.loseCall(call.id, { isCancelled: true });
    expect(await row(call)).toMatchObject({ ...noted, errorCode: "cancelled" });
    await ledger.loseCall(call.id, { usage: { promptTokenCount: 2000 }, isCancelled: false });
    expect(await row(call)).toMatchObject({ inputTokens: 2000, outputTokens: 0, errorCode: "cancelled" });
    await setTime("2026-11-22T18:00:10.001Z");
    expect(await givenUp()).toEqual(ids(call));
    expect(await row(call)).toMatchObject({ status: "unknown", errorCode: "cancelled" });
    expect(await row(other)).toMatchObject({ status: "started", inputTokens: 0, usageMetadata: null });
  });

  it("has the provider's words, which are kept when the call is given up", async () => {
    const [call, other] = await opened({}, {});
    const words = { message: "The service is overloaded.", requestId: "abc" };
    await ledger.loseCall(call.id, { words, isCancelled: false });
    const noted = { providerMessage: words.message, providerWords: { requestId: "abc" } };
    expect(await row(call)).toMatchObject({ ...noted, status: "started", usageMetadata: null });
    await ledger.loseCall(call.id, { usage, isCancelled: false });
    await ledger.loseCall(other.id, { words: { message: "", requestId: "d" }, isCancelled: false });
    await setTime("2026-11-22T18:02:00Z");
    await givenUp();
    expect(await row(call)).toMatchObject({ ...noted, status: "unknown", inputTokens: 1000 });
    expect(await row(other)).toMatchObject({ providerMessage: null, providerWords: { requestId: "d" } });
  });

  it("raises no alert where whoever cancelled knows of it, beside one that nobody knows of", async () => {
    const [known, , unknown] = await opened({}, {}, { holdUsd: "0.25" });
    await ledger.loseCall(known.id, { isCancelled: true });
    await setTime("2026-11-22T18:02:00Z");
    expect(await givenUp()).toHaveLength(3);
    expect(await alertsOf(creatorId)).toEqual([{ hour: "2026-11-22T18", calls: 2, upToUsd: "0.75" }]);
    expect(await row(unknown)).toMatchObject({ errorCode: "answer_lost" });
  });

  it("ends a cancelled call's time no later than it would have ended", async () => {
    const [call] = await opened({ timeoutSeconds: 5 });
    await setTime("2026-11-22T18:00:10Z");
    await ledger.loseCall(call.id, { isCancelled: true });
    expect(await givenUp()).toEqual(ids(call));
  });

  it("changes nothing of a call that has ended", async () => {
    const [settled, lost] = await opened({}, { timeoutSeconds: 5 });
    await ledger.endCall(begun(settled), answered("0"));
    await setTime("2026-11-22T18:00:10Z");
    await givenUp();
    const before = await Promise.all([row(settled), row(lost)]);
    for (const { id } of before) await ledger.loseCall(id, { usage, isCancelled: true });
    expect(await Promise.all([row(settled), row(lost)])).toEqual(before);
  });
});
