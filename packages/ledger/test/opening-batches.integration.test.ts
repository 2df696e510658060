import { describe, expect, it } from "@jest/globals";
import { type Database, newId } from "@understudy/database";
import { putOffJob } from "@understudy/jobs";
import { createApiKeyRow, eventually } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import type { CallIntent } from "../src/call.ts";
import { Ledger } from "../src/ledger.ts";
import { endJobs } from "./end-jobs.ts";
import {
  answered,
  begun,
  type CallWish,
  flashPrice,
  intents,
  type JobWish,
  openCalls,
  waitingForLocks,
} from "./running-jobs.ts";

const { database } = await openSuiteDatabase();
const ledger = new Ledger(database);

/** Asks for all at once: in one batch. */
async function askFor(calls: readonly CallIntent[], by = ledger): Promise<string[]> {
  const openings = await Promise.all(calls.map((call) => by.openCall(call)));
  return openings.map(({ kind }) => kind);
}

async function kinds(wishes: readonly CallWish[]): Promise<string[]> {
  return askFor(await intents(database, ledger, wishes));
}

/** Creators of a test's own, in the order of their names; of the plan starter ($10) unless it has other terms. */
async function creators<Name extends string>(
  terms: Record<Name, { planName?: string; quotaUsd?: string }>,
): Promise<Record<Name, string>> {
  const suffix = newId("evt");
  const named = Object.keys(terms).map((name) => [name, `${name}_${suffix}`] as const);
  await database.prisma.creator.createMany({
    data: named.map(([name, id]) => ({ id, ...terms[name as Name] })),
  });
  return Object.fromEntries(named) as Record<Name, string>;
}

async function heldOf(...creatorIds: string[]) {
  const rows = await database.prisma.account.findMany({ where: { creatorId: { in: creatorIds } } });
  const held = new Map(rows.map((row) => [row.creatorId, row.heldUsd.toFixed()]));
  return creatorIds.map((id) => held.get(id));
}

async function heldOfKey(id: string) {
  return (await database.prisma.account.findUniqueOrThrow({ where: { apiKeyId: id } })).heldUsd.toFixed();
}

async function heldByJob({ jobId }: CallIntent) {
  return (await database.prisma.job.findUniqueOrThrow({ where: { id: jobId } })).heldUsd.toFixed();
}

describe("calls of many creators at once", () => {
  it("never pass the budget of the key that they share", async () => {
    const apiKeyId = await createApiKeyRow(database, "5");
    const answers = await kinds(
      Array.from({ length: 24 }, () => ({ creatorId: newId("evt"), apiKeyId, holdUsd: "0.3" })),
    );
    expect(answers.filter((kind) => kind === "open")).toHaveLength(16);
    expect(answers.filter((kind) => kind === "wait")).toHaveLength(8);
    expect(await heldOfKey(apiKeyId)).toBe("4.8");
  });

  it("fit together to the last digit of each bound, in one commit", async () => {
    const [one, other] = [await createApiKeyRow(database, "3.5"), await createApiKeyRow(database, "1.25")];
    const { a, b, c } = await creators({ a: { quotaUsd: "2.5" }, b: {}, c: { planName: "business" } });
    const calls = await openCalls(database, ledger, [
      { creatorId: a, apiKeyId: one, holdUsd: "1" },
      { creatorId: a, apiKeyId: other, holdUsd: "0.5" },
      { creatorId: a, holdUsd: "0.25", reserveUsd: "0.75" },
      { creatorId: b, apiKeyId: one, holdUsd: "2.5" },
      { creatorId: b, apiKeyId: other, holdUsd: "0.75" },
      { creatorId: c, holdUsd: "100" },
    ]);
    const commits = await database.prisma.$queryRaw<unknown[]>`
      SELECT DISTINCT xmin::text FROM "UsageLog" WHERE "id" = ANY (${calls.map(({ id }) => id)})`;
    expect(commits).toHaveLength(1);
    expect(await heldOf(a, b, c)).toEqual(["2.5", "3.25", "100"]);
    expect([await heldOfKey(one), await heldOfKey(other)]).toEqual(["3.5", "1.25"]);
    // Not a digit more has room beside that.
    const more = { holdUsd: "0.000000000001" };
    expect(
      await kinds([
        { creatorId: a, ...more },
        { creatorId: b, apiKeyId: one, ...more },
        { creatorId: b, apiKeyId: other, ...more },
        { creatorId: c, ...more },
      ]),
    ).toEqual(["wait", "wait", "wait", "open"]);
  });

  it("have each creator's own quota, where there are accounts already", async () => {
    const small = { quotaUsd: "1" };
    const { a, b, c, d } = await creators({
      a: small,
      b: { quotaUsd: "5" },
      c: { planName: "business" },
      d: small,
    });
    const all = (holdUsd: string) => [a, b, c, d].map((creatorId) => ({ creatorId, holdUsd }));
    await openCalls(database, ledger, all("0.5"));
    expect(await kinds(all("0.75"))).toEqual(["wait", "open", "open", "wait"]);
    expect(await heldOf(a, b, c, d)).toEqual(["0.5", "1.25", "1.25", "0.5"]);
  });

  it("hold nothing on key and job where their creator has no room, whatever the others have", async () => {
    const apiKeyId = await createApiKeyRow(database, null);
    const { full, free } = await creators({ full: { quotaUsd: "1" }, free: {} });
    const calls = await intents(database, ledger, [
      { creatorId: full, apiKeyId, holdUsd: "0.75", reserveUsd: "0.5" },
      { creatorId: free, apiKeyId, holdUsd: "2", reserveUsd: "3" },
    ]);
    expect(await askFor(calls)).toEqual(["no_room", "open"]);
    expect(await heldOf(full, free)).toEqual(["0", "5"]);
    expect(await heldOfKey(apiKeyId)).toBe("5");
    expect(await Promise.all(calls.map(heldByJob))).toEqual(["0", "3"]);
    const written = await database.prisma.usageLog.findMany({ where: { creatorId: { in: [full, free] } } });
    expect(written.map(({ id }) => id)).toEqual([calls[1]?.id]);
  });
});

describe("room", () => {
  /** A creator, and a key, of whose $10 are 1 spent, 2 held and 3 lost. */
  async function usedUp(bound: "quota" | "key"): Promise<JobWish> {
    const apiKeyId = await createApiKeyRow(database, bound === "key" ? "10" : null);
    const { one } = await creators({ one: bound === "key" ? { planName: "business" } : { quotaUsd: "10" } });
    const job = { creatorId: one, apiKeyId };
    const [spent] = await openCalls(database, ledger, [
      { ...job, holdUsd: "1.5" },
      { ...job, holdUsd: "3", timeoutSeconds: 0 },
      { ...job, holdUsd: "2" },
    ]);
    await ledger.endCall(begun(spent), answered("1"));
    await eventually(async () => expect(await ledger.giveUpCalls(10)).toHaveLength(1));
    return job;
  }

  it.each(["quota", "key"] as const)(
    "beside what is spent, held and lost of a %s is given to the last digit, and not a digit more",
    async (bound) => {
      const job = await usedUp(bound);
      expect(await kinds([{ ...job, holdUsd: "4.000000000001" }])).toEqual(["wait"]);
      const [call] = await intents(database, ledger, [{ ...job, holdUsd: "6.000000000001" }]);
      // The bound that keeps it out, with the figures before.
      expect(await ledger.openCall(call as CallIntent)).toMatchObject({
        kind: "no_room",
        bound,
        limitUsd: "10.000000000000",
        spentUsd: "1.000000000000",
        heldUsd: "2.000000000000",
        unknownUsd: "3.000000000000",
        requiredUsd: "6.000000000001",
      });
      expect(await kinds([{ ...job, holdUsd: "6" }])).toEqual(["wait"]);
      expect(await kinds([{ ...job, holdUsd: "4" }])).toEqual(["open"]);
    },
  );

  it("is all of the quota for first calls, and not a digit more", async () => {
    const { a, b } = await creators({ a: {}, b: {} });
    const [call] = await intents(database, ledger, [{ creatorId: a, holdUsd: "10.000000000001" }]);
    const zero = "0.000000000000";
    const nothingUsed = { kind: "no_room", spentUsd: zero, heldUsd: zero, unknownUsd: zero };
    expect(await ledger.openCall(call as CallIntent)).toMatchObject(nothingUsed);
    await openCalls(database, ledger, [
      { creatorId: a, holdUsd: "10" },
      { creatorId: b, holdUsd: "4" },
      { creatorId: b, holdUsd: "6" },
    ]);
  });
});

describe("a call that is opened", () => {
  it("is written down as it is to be made, with the time that its answer has", async () => {
    const apiKeyId = await createApiKeyRow(database, null);
    const price = await flashPrice(ledger, "priority");
    const terms = { agentId: "sales_ai", feature: "upsell", timeoutSeconds: 90.5, price };
    const wish = { creatorId: newId("evt"), apiKeyId, holdUsd: "0.5", ...terms };
    const [call] = await openCalls(database, ledger, [wish]);
    const row = await database.prisma.usageLog.findUniqueOrThrow({ where: { id: call.id } });
    const { jobId, attempt, stepKey, creatorId, agentId, feature } = call;
    expect(row).toMatchObject({ jobId, attempt, stepKey, creatorId, agentId, feature, apiKeyId });
    expect(row).toMatchObject({ model: "gemini-2.5-flash", serviceTier: "priority", priceId: price.id });
    expect(row.holdUsd.toFixed()).toBe("0.5");
    expect(row.deadlineAt.getTime() - row.startedAt.getTime()).toBe(90_500);
  });

  it.each(["ended", "went back to its queue"])(
    "is none of a job that %s, beside one that runs",
    async (what) => {
      const wish = { creatorId: newId("evt"), holdUsd: "1" };
      const calls = await intents(database, ledger, [wish, { ...wish, creatorId: newId("evt") }]);
      const job = { id: calls[0]?.jobId ?? "", attempt: 1 };
      if (what === "ended") {
        await endJobs(database, [{ ...job, status: "completed", result: {}, eventId: newId("evt") }]);
      } else {
        await putOffJob(database, { ...job, waitingFor: "provider", delayMs: 0, isTry: false });
      }
      expect(await askFor(calls)).toEqual(["fenced", "open"]);
      expect(await heldOf(wish.creatorId)).toEqual([undefined]);
    },
  );
});

describe("a call that is opened while another process writes", () => {
  /** Asks while what another has written is not committed yet. */
  async function meanwhile<Result>(
    write: (transaction: Pick<Database["prisma"], "job" | "account">) => Promise<unknown>,
    ask: () => Promise<Result>,
  ): Promise<Result> {
    let asked: Promise<Result> | undefined;
    await database.prisma.$transaction(async (transaction) => {
      await write(transaction);
      asked = ask();
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
    });
    return asked as Promise<Result>;
  }

  it("is fenced off where that takes over its job", async () => {
    const [call] = (await intents(database, ledger, [{ creatorId: newId("evt"), holdUsd: "1" }])) as [
      CallIntent,
    ];
    const opening = await meanwhile(
      ({ job }) => job.update({ where: { id: call.jobId }, data: { attempt: 2 } }),
      () => ledger.openCall(call),
    );
    expect(opening).toEqual({ kind: "fenced" });
  });

  it("counts what that has held for its key, and waits for no other key", async () => {
    const [apiKeyId, other] = [await createApiKeyRow(database, "3"), await createApiKeyRow(database, "3")];
    const [call, ofOther] = (await intents(database, ledger, [
      { creatorId: newId("evt"), apiKeyId, holdUsd: "1" },
      { creatorId: newId("evt"), apiKeyId: other, holdUsd: "1" },
    ])) as [CallIntent, CallIntent];
    const opening = await meanwhile(
      async ({ account }) => {
        await account.update({ where: { apiKeyId }, data: { heldUsd: "2.5" } });
        expect(await askFor([ofOther], new Ledger(database))).toEqual(["open"]);
      },
      () => ledger.openCall(call),
    );
    expect(opening.kind).toBe("wait");
    expect([await heldOfKey(apiKeyId), await heldOfKey(other)]).toEqual(["2.5", "1"]);
  });
});
