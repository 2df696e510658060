import { beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { putOffJob } from "@understudy/jobs";
import { addToAccounts, createApiKeyRow } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { Ledger } from "../src/ledger.ts";
import { answered, begun, type JobWish, openCalls, run, runningJob, runningJobs } from "./running-jobs.ts";

const { database } = await openSuiteDatabase();
let ledger: Ledger;
let roomFor: string[];
/** Of the plan starter: $10 a month. */
let creatorId: string;

beforeEach(() => {
  creatorId = newId("evt");
  roomFor = [];
  ledger = new Ledger(database, { onRoom: (id) => roomFor.push(id) });
});

interface Waiter extends Partial<JobWish> {
  needs: string;
}

/** Jobs that wait for room, the oldest first: of the test's creator unless told otherwise. @returns their ids */
async function waiters<const Waiters extends readonly Waiter[]>(...wishes: Waiters) {
  const jobs = await runningJobs(
    database,
    wishes.map(({ needs: _, ...wish }) => ({ creatorId, ...wish })),
  );
  await Promise.all(
    jobs.map((job, index) =>
      putOffJob(database, {
        ...job,
        waitingFor: "quota",
        neededUsd: wishes[index]?.needs ?? "",
        isTry: false,
      }),
    ),
  );
  return jobs.map(({ id }) => id) as { [Index in keyof Waiters]: string };
}

/** $1 spent, $2 held and $3 unknown, unless told otherwise. */
const used = { spentUsd: "1", heldUsd: "2", unknownUsd: "3" };

async function account(id: string, amounts: object = used) {
  await database.prisma.creator.createMany({ data: [{ id }], skipDuplicates: true });
  await addToAccounts(database, { creatorId: id }, amounts);
}

async function woken(creators: string[] = [creatorId], limit = 100) {
  return (await ledger.wakeWaitingJobs(limit, creators)).map((job) => job.id).sort();
}

function rowOf(id: string) {
  return database.prisma.job.findUniqueOrThrow({ where: { id } });
}

describe("jobs that wait for room", () => {
  it("go on when a hold is settled, under a new generation", async () => {
    const [holder] = await openCalls(database, ledger, [{ creatorId, holdUsd: "9.5" }]);
    const [id] = await waiters({ needs: "3", priority: 7 });
    expect(await woken()).toEqual([]);
    await ledger.endCall(begun(holder), answered("5"));
    expect(roomFor).toEqual([creatorId]);
    await database.prisma.job.update({ where: { id }, data: { dispatchedAt: new Date() } });
    const dispatchable = { id, agent: "test", creatorId, generation: 3, priority: 7, notBefore: null };
    expect(await ledger.wakeWaitingJobs(100, [creatorId])).toEqual([dispatchable]);
    const again = { status: "queued", waitingFor: null, neededUsd: null, generation: 3, dispatchedAt: null };
    expect(await rowOf(id)).toMatchObject(again);
    expect(await woken()).toEqual([]);
  });

  it("go on as well where they must run alone, but are dispatched to no queue", async () => {
    const [id] = await waiters({ needs: "0.1" });
    await database.prisma.job.update({ where: { id }, data: { crashes: 2 } });
    expect(await woken()).toEqual([]);
    expect(await rowOf(id)).toMatchObject({ status: "queued", waitingFor: null, generation: 3 });
  });

  it("go on in the order of priority and age, each creator's as far as there is room, to the last digit", async () => {
    const [a, b] = [newId("evt"), newId("evt")];
    await account(a);
    await account(b);
    const [, first, , older, , preferred] = await waiters(
      { creatorId: a, needs: "1", priority: 2 },
      { creatorId: a, needs: "4", priority: 1 },
      { creatorId: a, needs: "0.000000000001", priority: 1 },
      { creatorId: b, needs: "1.5", priority: 2 },
      { creatorId: b, needs: "0.5", priority: 2 },
      { creatorId: b, needs: "2.5", priority: 1 },
      { creatorId: b, needs: "0.000000000001", priority: 3 },
    );
    expect(await woken([a, b])).toEqual([first, older, preferred].sort());
  });

  it("go on where there is no account yet, as far as the quota reaches", async () => {
    const [first] = await waiters({ needs: "6" }, { needs: "4.000000000001" });
    expect(await woken()).toEqual([first]);
    creatorId = newId("evt");
    const [one, , hopeless] = await waiters({ needs: "5" }, { needs: "6" }, { needs: "10.000000000001" });
    expect(await woken()).toEqual([one, hopeless].sort());
  });

  it("go on to hear that there is no room, once what is spent or lost leaves none", async () => {
    await account(creatorId);
    const [, hopeless] = await waiters({ needs: "6" }, { needs: "6.000000000001" });
    expect(await woken()).toEqual([hopeless]);
  });

  it("go on as far as the budget of their key reaches, to the last digit", async () => {
    await database.prisma.creator.create({ data: { id: creatorId, planName: "business" } });
    const apiKeyId = await createApiKeyRow(database, "10");
    await database.prisma.account.update({ where: { apiKeyId }, data: used });
    const [, fits, , hopeless, free] = await waiters(
      { apiKeyId, needs: "4.000000000001" },
      { apiKeyId, needs: "4" },
      { apiKeyId, needs: "6" },
      { apiKeyId, needs: "6.000000000001" },
      { apiKeyId: await createApiKeyRow(database, null), needs: "1000" },
    );
    expect(await woken()).toEqual([fits, hopeless, free].sort());
  });

  it("go on to hear of that bound which leaves the least", async () => {
    await account(creatorId);
    const apiKeyId = await createApiKeyRow(database, "10");
    await database.prisma.account.update({ where: { apiKeyId }, data: { spentUsd: "9" } });
    const large = await createApiKeyRow(database, "100");
    // The key has 1 left, the quota 6 beside what is held.
    const [ofKey, , ofQuota] = await waiters(
      { apiKeyId, needs: "1.5" },
      { apiKeyId: large, needs: "6" },
      { apiKeyId: large, needs: "6.5" },
    );
    expect(await woken()).toEqual([ofKey, ofQuota].sort());
  });

  it("are found without a settled hold too: a new quota, a sweep over all", async () => {
    const other = newId("evt");
    await openCalls(database, ledger, [{ creatorId, holdUsd: "9" }]);
    const [mine, others] = await waiters({ needs: "2" }, { creatorId: other, needs: "2" });
    await database.prisma.creator.update({ where: { id: creatorId }, data: { quotaUsd: "10.5" } });
    expect(await woken([creatorId, newId("evt")])).toEqual([]);
    await database.prisma.creator.update({ where: { id: creatorId }, data: { quotaUsd: "11" } });
    const found = (await ledger.wakeWaitingJobs(100)).map(({ id }) => id);
    expect(found).toEqual(expect.arrayContaining([mine, others]));
  });

  it("go on so many of each creator at a time, the first of each", async () => {
    const other = newId("evt");
    const [, , first, , , second] = await waiters(
      { needs: "1", priority: 5 },
      { creatorId: other, needs: "1", priority: 5 },
      { needs: "1", priority: 4 },
      { needs: "1", priority: 4 },
      { creatorId: other, needs: "1", priority: 5 },
      { creatorId: other, needs: "1", priority: 4 },
    );
    expect(await woken([creatorId, other], 1)).toEqual([first, second].sort());
    expect(await woken([creatorId, other])).toHaveLength(4);
  });

  it("go on alone: jobs that wait for something else, run or have ended stay as they are", async () => {
    const job = await runningJob(database, { creatorId });
    await putOffJob(database, { ...job, waitingFor: "provider", delayMs: 0, isTry: false });
    const [waiter, runs] = await waiters({ needs: "1" }, { needs: "1" });
    await run(database, [runs]);
    expect(await woken()).toEqual([waiter]);
    expect([await rowOf(job.id), await rowOf(runs)]).toMatchObject([
      { waitingFor: "provider", generation: 2 },
      { status: "running", generation: 2 },
    ]);
  });

  it("are passed over while another process has them, and hold up nobody", async () => {
    const [cancelled, next] = await waiters({ needs: "1" }, { needs: "1" });
    await database.prisma.$transaction(async (other) => {
      await other.job.update({ where: { id: cancelled }, data: { priority: 2 } });
      expect(await woken()).toEqual([next]);
    });
    expect(await woken()).toEqual([cancelled]);
  });

  it("may still expire while they have made no call", async () => {
    const [id] = await waiters({ needs: "2" });
    expect((await rowOf(id)).startedAt).toBeNull();
  });
});

describe("the switch", () => {
  it("keeps jobs waiting, and lets them go on when it is turned back", async () => {
    const { spendingSwitch } = database.prisma;
    const turn = (stopped: boolean) => spendingSwitch.update({ where: { id: 1 }, data: { stopped } });
    await turn(true);
    try {
      const job = await runningJob(database, { creatorId });
      await putOffJob(database, { ...job, waitingFor: "paused", neededUsd: "1", isTry: false });
      const [waiter] = await waiters({ needs: "1" });
      expect(await woken()).toEqual([]);
      await turn(false);
      expect(await woken()).toEqual([job.id, waiter].sort());
    } finally {
      await turn(false);
    }
  });
});
