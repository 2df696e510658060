import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { type Database, newId } from "@understudy/database";
import { cancelJob, putOffJob } from "@understudy/jobs";
import { eventually } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import type { CallIntent } from "../src/call.ts";
import { Ledger } from "../src/ledger.ts";
import { answered, begun, intent, type RunningJob, run, runningJob } from "./running-jobs.ts";

const { database } = await openSuiteDatabase(10);
let creatorId: string;
let job: RunningJob;
/** Statements that were run since the test has begun, by their names. */
let statements: string[];
/** Before and after each statement; what they throw is thrown by that. */
let before: (name: string) => Promise<void>;
let after: () => Promise<void>;
let ledger: Ledger;

const execute: Database["execute"] = async (statement, items) => {
  // Prices are read once, by whoever needs them first.
  if (statement.name === "prices") return await database.execute(statement, items);
  statements.push(statement.name);
  await before(statement.name);
  const rows = await database.execute(statement, items);
  await after();
  return rows as never;
};

beforeEach(async () => {
  creatorId = newId("evt");
  job = await runningJob(database, { creatorId });
  // Its accounts are there from its first call on.
  const opened = await intent(new Ledger(database), job, "0.25");
  await new Ledger(database).openCall(opened);
  await new Ledger(database).endCall(begun(opened), { kind: "refused", errorCode: "http_400" });
  before = async () => {};
  after = async () => {};
  statements = [];
  ledger = new Ledger({ ...database, execute });
});

const away = () => Object.assign(new Error("away"), { name: "PrismaClientInitializationError" });
const text = (stepResult: object, usd = "0.1") => ({ ...answered(usd), stepResult });
const writes = () => statements.filter((name) => name === "write-attempts").length;

function end(result: unknown = { done: true }) {
  return { id: job.id, attempt: job.attempt, status: "completed" as const, result, eventId: newId("evt") };
}

async function opened(holdUsd = "0.5"): Promise<CallIntent> {
  const wish = await intent(ledger, job, holdUsd);
  expect(await ledger.openCall(wish)).toMatchObject({ kind: "open" });
  return wish;
}

async function callOf({ id }: { id: string }) {
  const { status, costUsd, errorCode } = await database.prisma.usageLog.findUniqueOrThrow({ where: { id } });
  return [status, costUsd?.toFixed() ?? null, errorCode];
}

async function stepsOf({ id: jobId }: RunningJob) {
  const steps = await database.prisma.step.findMany({ where: { jobId }, orderBy: { key: "asc" } });
  return steps.map(({ key, result }) => [key, result]);
}

const jobRow = () =>
  database.prisma.job.findUniqueOrThrow({ where: { id: job.id }, include: { outbox: true } });

const account = async () => {
  const row = await database.prisma.account.findFirstOrThrow({ where: { creatorId } });
  return [row.spentUsd.toFixed(), row.heldUsd.toFixed()];
};

describe("an attempt", () => {
  /** However busy the machine is, nothing is written before its attempt writes. */
  const patient = () => {
    ledger = new Ledger({ ...database, execute }, { answerWaitMs: 60_000 });
  };

  it("writes twice with one call: it opens, and ends with all that it has to say", async () => {
    patient();
    ledger.keepStep({ jobId: job.id, attempt: job.attempt, key: "a", agentId: "x", result: { n: 1 } });
    const call = await opened();
    const settled = ledger.endCall(begun(call), text({ n: 2 }));
    ledger.keepStep({ jobId: job.id, attempt: job.attempt, key: "b", agentId: "x", result: { n: 3 } });
    expect(await ledger.endJob(end())).toBe(true);
    expect((await settled).costUsd.toFixed()).toBe("0.1");
    expect(statements).toEqual(["write-attempts", "write-attempts"]);
    expect(await callOf(call)).toEqual(["settled", "0.1", null]);
    const own = (await stepsOf(job)).toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    expect(own).toEqual([
      ["a", { n: 1 }],
      ["b", { n: 3 }],
      [call.stepKey, { n: 2 }],
    ]);
    expect(await jobRow()).toMatchObject({ status: "completed", outbox: [{ type: "job.completed" }] });
    expect(await account()).toEqual(["0.1", "0"]);
  });

  it("writes n + 1 times with n calls: each opening settles the call before", async () => {
    patient();
    const calls: CallIntent[] = [];
    for (let n = 0; n < 5; n++) {
      const call = await opened();
      void ledger.endCall(begun(call), text({ n }));
      calls.push(call);
    }
    expect(await callOf(calls[3] as CallIntent)).toEqual(["settled", "0.1", null]);
    expect(await callOf(calls[4] as CallIntent)).toEqual(["started", null, null]);
    await ledger.endJob(end());
    expect(statements).toEqual(Array(6).fill("write-attempts"));
    expect(await account()).toEqual(["0.5", "0"]);
    expect(await stepsOf(job)).toHaveLength(5);
  });

  it("has an answer written alone where it is slow, a step not", async () => {
    const call = await opened();
    ledger.keepStep({ jobId: job.id, attempt: job.attempt, key: "a", agentId: "x", result: {} });
    await sleep(150);
    expect(writes()).toBe(1);
    const since = performance.now();
    await ledger.endCall(begun(call), text({}));
    expect(performance.now() - since).toBeGreaterThan(45);
    expect(await callOf(call)).toEqual(["settled", "0.1", null]);
    expect(await stepsOf(job)).toHaveLength(2);
    expect(writes()).toBe(2);
    await sleep(100);
    expect(writes()).toBe(2);
  });

  it("writes what it has kept before its job is put off, and nothing where that is nothing", async () => {
    const call = await opened();
    void ledger.endCall(begun(call), text({}));
    await ledger.writeKept({ jobId: job.id, attempt: job.attempt });
    expect([await callOf(call), writes()]).toEqual([["settled", "0.1", null], 2]);
    await ledger.writeKept({ jobId: job.id, attempt: job.attempt });
    expect(writes()).toBe(2);
  });

  it("has all that is kept written at a stop", async () => {
    const call = await opened();
    void ledger.endCall(begun(call), text({}));
    await ledger.close();
    expect(await callOf(call)).toEqual(["settled", "0.1", null]);
  });

  it("settles its call also by an opening that is refused", async () => {
    const call = await opened("5");
    void ledger.endCall(begun(call), text({}, "0.1"));
    const next = await intent(ledger, job, "9.95");
    expect(await ledger.openCall(next)).toMatchObject({ kind: "no_room", spentUsd: "0.100000000000" });
    expect(await callOf(call)).toEqual(["settled", "0.1", null]);
    expect(await stepsOf(job)).toEqual([[call.stepKey, {}]]);
    expect(await account()).toEqual(["0.1", "0"]);
  });

  it("has room for its next call where the hold of the one before has made it", async () => {
    await opened("6").then((call) => void ledger.endCall(begun(call), text({}, "0.1")));
    expect(await ledger.openCall(await intent(ledger, job, "9"))).toMatchObject({ kind: "open" });
    expect(await account()).toEqual(["0.1", "9"]);
  });
});

describe("an attempt that was fenced off", () => {
  it.each(["taken over", "cancelled", "put off"])(
    "has its call settled and its steps not remembered: %s",
    async (how) => {
      const call = await opened();
      if (how === "taken over") await run(database, [job.id]);
      if (how === "cancelled") await cancelJob(database, job.id, newId("evt"));
      const wait = { waitingFor: "worker", delayMs: 0, isTry: false } as const;
      if (how === "put off") await putOffJob(database, { id: job.id, attempt: job.attempt, ...wait });
      const before = await jobRow();
      void ledger.endCall(begun(call), text({}));
      ledger.keepStep({ jobId: job.id, attempt: job.attempt, key: "a", agentId: "x", result: {} });
      expect(await ledger.openCall(await intent(ledger, job, "1"))).toEqual({ kind: "fenced" });
      expect(await ledger.endJob(end())).toBe(false);
      expect([await callOf(call), await stepsOf(job)]).toEqual([["settled", "0.1", null], []]);
      expect(await jobRow()).toEqual(before);
    },
  );
});

describe("Postgres that is away", () => {
  it("loses no answer: an opening that is not heard leaves it kept", async () => {
    const call = await opened();
    let asked = 0;
    after = async () => {
      asked += 1;
      if (asked === 1) throw away();
    };
    const settled = ledger.endCall(begun(call), text({}));
    const next = await intent(ledger, job, "1");
    await expect(ledger.openCall(next)).rejects.toThrow("away");
    await ledger.writeKept({ jobId: job.id, attempt: job.attempt });
    await settled;
    await eventually(async () => expect(await callOf(next)).toEqual(["released", "0", "not_sent"]));
    expect(await callOf(call)).toEqual(["settled", "0.1", null]);
    expect(await stepsOf(job)).toEqual([[call.stepKey, {}]]);
  });

  it("loses none where the answer was committed unheard: it is settled and remembered once", async () => {
    const call = await opened();
    let heard = 0;
    const unheard = new Ledger({
      ...database,
      execute: async (statement, items) => {
        const rows = await database.execute(statement, items);
        if (statement.name === "write-attempts" && ++heard === 1) throw away();
        return rows as never;
      },
    });
    const settled = unheard.endCall(begun(call), text({}));
    const ending = end();
    await expect(unheard.endJob(ending)).rejects.toThrow("away");
    expect(await unheard.endJob(ending)).toBe(false);
    await settled;
    expect([await callOf(call), await account()]).toEqual([
      ["settled", "0.1", null],
      ["0.1", "0"],
    ]);
    expect((await jobRow()).outbox).toHaveLength(1);
  });
});

it("tells of an answer that was written though what came with it then failed", async () => {
  const call = await opened();
  // In a month in which its creator has no account yet.
  await database.prisma.$executeRaw`DELETE FROM "Account" WHERE "creatorId" = ${creatorId}`;
  before = async (name) => {
    if (name === "open-accounts") throw new Error("broken");
  };
  const settled = ledger.endCall(begun(call), text({}));
  await expect(ledger.openCall(await intent(ledger, job, "1"))).rejects.toThrow("broken");
  expect((await settled).costUsd.toFixed()).toBe("0.1");
});

describe("what Postgres refuses for its data", () => {
  const unstorable = text({ text: "a\0b" });

  it("in an answer is left out of it: the cost is written, and the attempt can't go on", async () => {
    const call = await opened();
    const settled = ledger.endCall(begun(call), unstorable);
    await expect(settled).rejects.toMatchObject({ code: "22P05" });
    expect([await callOf(call), await stepsOf(job)]).toEqual([["settled", "0.1", "not_storable"], []]);
    await expect(ledger.openCall(await intent(ledger, job, "1"))).rejects.toMatchObject({ code: "22P05" });
    await expect(ledger.endJob(end())).rejects.toMatchObject({ code: "22P05" });
    expect(await ledger.endJob(end())).toBe(true);
  });

  it("in an answer is told by the opening that carries it, and harms no other attempt", async () => {
    const other = await runningJob(database, { creatorId });
    const call = await opened();
    ledger.endCall(begun(call), unstorable).catch(() => {});
    const [own, others] = await Promise.allSettled([
      ledger.openCall(await intent(ledger, job, "1")),
      ledger.openCall(await intent(ledger, other, "1")),
    ]);
    expect([own, others]).toMatchObject([
      { status: "rejected", reason: { code: "22P05" } },
      { status: "fulfilled", value: { kind: "open" } },
    ]);
    expect(await callOf(call)).toEqual(["settled", "0.1", "not_storable"]);
  });

  it("in a job's result harms no answer: that is written by itself", async () => {
    const call = await opened();
    const settled = ledger.endCall(begun(call), text({}));
    await expect(ledger.endJob(end({ text: "a\0b" }))).rejects.toMatchObject({ code: "22P05" });
    await ledger.writeKept({ jobId: job.id, attempt: job.attempt });
    await settled;
    expect(await callOf(call)).toEqual(["settled", "0.1", null]);
    expect(await stepsOf(job)).toEqual([[call.stepKey, {}]]);
    expect(await jobRow()).toMatchObject({ status: "running", outbox: [] });
    expect(await ledger.endJob(end())).toBe(true);
  });

  it("in a step is told where what is kept is written", async () => {
    const result = { text: "a\0b" };
    ledger.keepStep({ jobId: job.id, attempt: job.attempt, key: "a", agentId: "x", result });
    const name = { jobId: job.id, attempt: job.attempt };
    await expect(ledger.writeKept(name)).rejects.toMatchObject({ code: "22P05" });
    await ledger.writeKept(name);
    expect(await stepsOf(job)).toEqual([]);
  });
});

it("wakes those who wait for room, with an answer as with an end", async () => {
  const heard: string[] = [];
  const woken = new Ledger(database, { onRoom: (id) => heard.push(id) });
  const waits = await runningJob(database, { creatorId });
  await database.prisma.job.update({
    where: { id: waits.id },
    data: { status: "queued", waitingFor: "quota", neededUsd: "1", runAt: null },
  });
  await woken.openCall(await intent(woken, job, "1", { reserveUsd: "2" }));
  expect(heard).toEqual([]);
  await woken.endJob(end());
  await eventually(async () => expect(heard).toEqual([creatorId]));
});
