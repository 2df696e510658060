import { beforeEach, describe, expect, it } from "@jest/globals";
import { type Database, newId } from "@understudy/database";
import { newClaim } from "@understudy/testkit";
import { endJobs } from "../../ledger/test/end-jobs.ts";
import { cancelJob, claimJobs, markDispatched, retryJobs } from "../src/index.ts";
import { JobDatabase, time } from "./job-database.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

beforeEach(() => jobs.at(0));

const claims = (ids: string[], generation = 1) =>
  claimJobs(
    database,
    ids.map((id) => newClaim(id, { generation })),
  );

/** Jobs whose ids come in the opposite order of their rows. */
async function jobsInTurn(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId("job"));
  await jobs.create(ids.map((id) => ({ id })).reverse());
  return ids;
}

const step = (jobId: string, key: string, result: object) =>
  database.prisma.step.create({ data: { jobId, key, agentId: "test_ai", result } });

describe("an attempt that begins", () => {
  it("is given all that its job is made of, and nothing of another's", async () => {
    const profile = { displayName: "Mia", voice: "warm" };
    await database.prisma.creator.create({ data: { id: "mia", profile } });
    const notBefore = time(-60);
    const asked = {
      agent: "messaging",
      creatorId: "mia",
      fanId: "fan_1",
      feature: "fan_message",
      model: "gemini-2.5-pro",
      input: { message: "hi" },
      priority: 7,
      notBefore: notBefore.toISOString(),
      traceparent: "00-a-b-01",
    };
    const [first, second] = [await jobs.job(asked), await jobs.job({ creatorId: "ann" })];
    await step(first, "draft", { text: "one" });
    await step(first, "check", { text: "two" });
    await step(second, "draft", { text: "three" });
    await jobs.at(5);
    const [one, two, three] = await claims([first, second, await jobs.job()]);
    const started = { attempt: 1, tries: 0, expired: false, isFirstStart: true };
    expect({ ...one, steps: one?.steps.toSorted((a, b) => (a.key < b.key ? -1 : 1)) }).toEqual({
      ...asked,
      ...started,
      notBefore,
      id: first,
      ageSeconds: 5,
      plan: "starter",
      profile,
      ...{ conversation: null, insights: null },
      steps: [
        { key: "check", result: { text: "two" } },
        { key: "draft", result: { text: "one" } },
      ],
    });
    expect(two).toMatchObject({
      id: second,
      profile: null,
      steps: [{ key: "draft", result: { text: "three" } }],
    });
    expect(three).toMatchObject({ fanId: null, traceparent: null, ageSeconds: 0, steps: [] });
  });

  it("has its own time, and notes when the job first started and was dispatched", async () => {
    const [first, second] = [await jobs.job(), await jobs.job()];
    await jobs.at(1);
    await markDispatched(database, [{ id: first, generation: 1 }]);
    await jobs.at(2);
    await claimJobs(database, [
      newClaim(first, { timeoutSeconds: 30 }),
      newClaim(second, { timeoutSeconds: 0.5 }),
    ]);
    const begun = { status: "running", startedAt: time(2) };
    expect(await jobs.rows([first, second])).toMatchObject([
      { ...begun, dispatchedAt: time(1), attemptDeadlineAt: time(32) },
      { ...begun, dispatchedAt: time(2), attemptDeadlineAt: time(2.5) },
    ]);
    await jobs.at(9);
    await jobs.takeOver(first);
    await jobs.claim(first);
    expect(await jobs.row(first)).toMatchObject({
      attempt: 2,
      startedAt: time(2),
      dispatchedAt: time(9),
      attemptDeadlineAt: time(69),
    });
  });

  it("waits for nothing any more, has its token, and belongs to its worker", async () => {
    const id = await jobs.job();
    await jobs.claim(id);
    await jobs.putOff(id, 1, { waitingFor: "quota", neededUsd: "3" });
    expect(await jobs.row(id)).toMatchObject({ workerId: null, claimId: null });
    expect(await jobs.claim(id)).toMatchObject({ attempt: 2, isFirstStart: false });
    expect(await jobs.row(id)).toMatchObject({
      ...{ status: "running", waitingFor: null, neededUsd: null, runAt: null, hasToken: true },
      workerId: "worker_test",
    });
  });

  it("knows how many tries were used up before it, and which were not", async () => {
    const id = await jobs.job();
    await jobs.claim(id);
    await jobs.putOff(id, 1, { isTry: true });
    await jobs.claim(id);
    await jobs.putOff(id, 2);
    await jobs.claim(id);
    await jobs.takeOver(id);
    expect(await jobs.claim(id)).toMatchObject({ attempt: 4, tries: 1 });
  });

  it("is the same one where its claim is sent again, because its answer was not heard", async () => {
    const id = await jobs.job();
    const claim = newClaim(id);
    expect(await claimJobs(database, [claim])).toMatchObject([{ id, attempt: 1, isFirstStart: true }]);
    expect(await claimJobs(database, [claim])).toMatchObject([{ id, attempt: 1, isFirstStart: true }]);
    expect(await jobs.row(id)).toMatchObject({ attempt: 1 });
    await jobs.finish(id);
    expect(await claimJobs(database, [claim])).toEqual([undefined]);
  });

  it("hears that the job expired, to the millisecond, unless that had started before", async () => {
    const expiring = (seconds: number) => jobs.job({ expiresAt: time(seconds).toISOString() });
    const started = await expiring(10);
    await jobs.claim(started);
    await jobs.takeOver(started);
    const ids = [await expiring(10), await expiring(10.001), await jobs.job()];
    await jobs.at(10);
    expect((await claims(ids)).map((job) => job?.expired)).toEqual([true, false, false]);
    expect(await claims([started], 2)).toMatchObject([{ expired: false }]);
    // Also where the claim is sent again, however late: it had expired when it was first heard, or it had not.
    const [before, after] = [await expiring(20), await expiring(5)];
    const sent = [before, after].map((id) => newClaim(id));
    await claimJobs(database, sent);
    await jobs.at(30);
    expect((await claimJobs(database, sent)).map((job) => job?.expired)).toEqual([false, true]);
  });

  it("knows how long the job has waited: since it was accepted, or since it might start", async () => {
    const later = (seconds: number) => jobs.job({ notBefore: time(seconds).toISOString() });
    const ids = [await jobs.job(), await later(100), await later(-100)];
    const retried = await jobs.job();
    await jobs.claim(retried);
    await jobs.finish(retried, { status: "failed" });
    await retryJobs(database, { id: retried }, 1);
    await jobs.at(130.25);
    expect((await claims(ids)).map((job) => job?.ageSeconds)).toEqual([130.25, 30.25, 130.25]);
    // Since when it waits to be tried again is not kept.
    expect(await claims([retried], 2)).toMatchObject([{ ageSeconds: 0, attempt: 2, isFirstStart: false }]);
  });
});

describe("a job is not claimed", () => {
  it("once it has ended, however it did", async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, () => jobs.job()));
    const [completed = "", failed = "", blocked = "", cancelled = "", open = ""] = ids;
    for (const id of [completed, failed, blocked, cancelled]) await jobs.claim(id);
    await jobs.finish(completed);
    await jobs.finish(failed, { status: "failed" });
    await jobs.finish(blocked, { status: "blocked" });
    await cancelJob(database, cancelled, newId("evt"));
    const before = await jobs.rows(ids.slice(0, 4));
    expect((await claims(ids)).map((job) => job?.id)).toEqual([...Array(4).fill(undefined), open]);
    expect(await jobs.rows(ids.slice(0, 4))).toEqual(before);
  });

  it("under a generation that is not its own, nor where there is none", async () => {
    const [first, second] = [await jobs.job(), await jobs.job()];
    await database.prisma.job.update({ where: { id: second }, data: { generation: 2 } });
    expect(await claims([first, second, newId("job")], 2)).toMatchObject([
      undefined,
      { id: second },
      undefined,
    ]);
    expect(await claims([second, first], 1)).toMatchObject([undefined, { id: first }]);
  });
});

describe("a job that runs", () => {
  it("is nobody else's, whoever delivers it: an older delivery that comes late, or the same one twice", async () => {
    const id = await jobs.job();
    const late = newClaim(id);
    await jobs.claim(id);
    expect(await claimJobs(database, [late])).toEqual([undefined]);
    await jobs.putOff(id, 1);
    // It is queued again, under a later generation: what was delivered before is void.
    expect(await claimJobs(database, [late])).toEqual([undefined]);
    expect(await jobs.row(id)).toMatchObject({ status: "queued", generation: 2, attempt: 1 });
  });
});

describe("a suspect", () => {
  it("is claimed by who runs it alone, and by nobody else", async () => {
    const id = await jobs.job();
    for (const _ of [1, 2]) {
      await jobs.claim(id);
      await jobs.takeOver(id);
    }
    const claim = newClaim(id, { generation: 3 });
    expect(await claimJobs(database, [claim])).toEqual([undefined]);
    expect(await claimJobs(database, [{ ...claim, isAlone: true }])).toMatchObject([{ id, attempt: 3 }]);
  });

  it("stays one however often it is put off: what kills a process may do so later", async () => {
    const id = await jobs.job();
    await jobs.claim(id);
    await jobs.takeOver(id);
    await jobs.claim(id);
    await jobs.putOff(id, 2);
    await jobs.claim(id);
    await jobs.takeOver(id);
    expect(await claims([id], 4)).toEqual([undefined]);
    expect(await jobs.row(id)).toMatchObject({ crashes: 2 });
  });
});

describe("claims at once", () => {
  it("are told apart: one has the job", async () => {
    const id = await jobs.job();
    const later = await jobs.during(
      (open) => claimJobs(open, [newClaim(id)]),
      () => claims([id]),
    );
    expect(later).toEqual([undefined]);
    expect(await jobs.row(id)).toMatchObject({ attempt: 1 });
  });

  it("find the job ended that is being ended meanwhile", async () => {
    const id = await jobs.job();
    await jobs.claim(id);
    const end = { id, attempt: 1, status: "completed", result: {}, eventId: newId("evt") } as const;
    expect(
      await jobs.during(
        (open) => endJobs(open, [end]),
        () => claims([id]),
      ),
    ).toEqual([undefined]);
    expect(await jobs.row(id)).toMatchObject({ status: "completed", attempt: 1 });
  });

  it("never wait for each other, in whatever order their jobs come", async () => {
    const ids = await jobsInTurn(10);
    const late = await jobs.during(
      (open) => claimOf(open, ids.slice(0, 1)),
      () => claims([...ids].reverse()),
      (open) => claimOf(open, ids.slice(1)),
    );
    expect(late).toEqual(Array(10).fill(undefined));
  });
});

function claimOf(open: Database, ids: string[]) {
  return claimJobs(
    open,
    ids.map((id) => newClaim(id)),
  );
}
