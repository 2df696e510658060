import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type Database, newId, type Statement } from "@understudy/database";
import type { JobEnd } from "@understudy/ledger";
import { cancelJob, type FailedJobs, retryJobs } from "../src/index.ts";
import { JobDatabase, time } from "./job-database.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

/** A job that fails so many seconds after noon. */
async function failed(
  seconds: number,
  { id = newId("job"), agent = "test", creatorId = "psy", expiresAt = time(5_000), ...end }: FailedJob = {},
): Promise<string> {
  await jobs.job({ id, agent, creatorId, expiresAt: expiresAt.toISOString() });
  await jobs.claim(id);
  await jobs.at(seconds);
  await jobs.finish(id, { status: "failed", ...end });
  return id;
}

interface FailedJob extends Partial<JobEnd> {
  agent?: string;
  creatorId?: string;
  expiresAt?: Date;
}

const retried = async (which: FailedJobs, limit = 100, on = database) =>
  (await retryJobs(on, which, limit)).jobs.map(({ id }) => id).toSorted();

const step = (jobId: string, key: string) =>
  database.prisma.step.create({ data: { jobId, key, agentId: "test_ai", result: {} } });

/** What is done in a transaction that is rolled back. */
async function undone<Result>(run: (database: Database) => Promise<Result>): Promise<Result> {
  const results: Result[] = [];
  const rollback = new Error("rolled back");
  const done = database.transaction(async (execute) => {
    results.push(await run({ ...database, execute }));
    throw rollback;
  });
  await expect(done).rejects.toBe(rollback);
  return results[0] as Result;
}

const filters: [string, FailedJobs, string[]][] = [
  ["all", {}, ["agent", "code", "creator", "early", "late", "plain"]],
  ["one", { id: "job_plain" }, ["plain"]],
  ["of an agent", { agent: "messaging" }, ["agent"]],
  ["of a creator", { creatorId: "mia" }, ["creator"]],
  ["of some creators", { creatorIds: ["mia", "nobody"] }, ["creator"]],
  ["of no creator", { creatorIds: [] }, []],
  ["with a code", { code: "timed_out" }, ["code"]],
  ["since then", { since: time(10) }, ["agent", "code", "creator", "late", "plain"]],
  ["until then, which is left out", { until: time(20) }, ["agent", "code", "creator", "early", "plain"]],
  [
    "for which all holds",
    { agent: "test", creatorId: "psy", code: "agent_error", since: time(10), until: time(20) },
    ["plain"],
  ],
];

describe("failed jobs that are asked for", () => {
  beforeAll(async () => {
    await jobs.clear();
    await failed(9.999, { id: "job_early" });
    await failed(10, { id: "job_plain" });
    await failed(10, { id: "job_agent", agent: "messaging" });
    await failed(10, { id: "job_creator", creatorId: "mia" });
    await failed(10, { id: "job_code", errorCode: "timed_out" });
    await failed(20, { id: "job_late" });
  });

  it.each(filters)("are tried again, and no others: %s", async (_name, which, expected) => {
    const found = await undone((open) => retried(which, 100, open));
    expect(found).toEqual(expected.map((name) => `job_${name}`));
  });
});

describe("failed jobs that are tried again", () => {
  beforeEach(() => jobs.clear());

  it("have failed: nothing else is opened again, nor what tells of a fan who was erased", async () => {
    const others = [await jobs.job(), await jobs.job(), await jobs.job(), await jobs.job(), await jobs.job()];
    const [, running = "", completed = "", blocked = "", cancelled = ""] = others;
    for (const id of [running, completed, blocked, cancelled]) await jobs.claim(id);
    await jobs.finish(completed);
    await jobs.finish(blocked, { status: "blocked" });
    await cancelJob(database, cancelled, newId("evt"));
    const erased = await failed(1);
    await database.prisma.job.update({ where: { id: erased }, data: { erasedAt: time(2) } });
    const before = await jobs.rows([...others, erased]);
    expect(await retried({})).toEqual([]);
    for (const id of [...others, erased]) expect(await retried({ id })).toEqual([]);
    expect(await jobs.rows([...others, erased])).toEqual(before);
  });

  it("are the longest failed first, so many at most; when the next one failed is told", async () => {
    const ids = Array.from({ length: 6 }, () => newId("job"));
    const [a = "", b = "", c = "", d = "", last = "", erased = ""] = ids;
    // Neither takes the place of one that can be tried again.
    await failed(1, { id: erased });
    await database.prisma.job.update({ where: { id: erased }, data: { erasedAt: time(1) } });
    await failed(1, { status: "blocked" });
    await failed(2, { id: c });
    // Three at the same time: theirs is the order of their ids.
    for (const id of [d, a, b]) await failed(3, { id });
    await failed(4, { id: last });
    const next = async () => {
      const { jobs: again, nextSince } = await retryJobs(database, {}, 2);
      return [again.map(({ id }) => id).toSorted(), nextSince];
    };
    expect(await next()).toEqual([[a, c], time(3)]);
    expect(await next()).toEqual([[b, d], time(4)]);
    expect(await next()).toEqual([[last], null]);
    expect(await next()).toEqual([[], null]);
  });

  const next = async (which: FailedJobs, laneMax: number, limit = 100) => {
    const { jobs: again, ...rest } = await retryJobs(database, which, limit, laneMax);
    return { ids: again.map(({ id }) => id).toSorted(), ...rest };
  };

  it("are so many of a creator as may wait beside those that do", async () => {
    const ids = { psy: [1, 2, 3].map(() => newId("job")), mia: [1, 2].map(() => newId("job")) };
    // The longest failed was written last.
    for (const [at, id] of [...ids.psy.entries()].toReversed()) await failed(at, { id });
    for (const [at, id] of ids.mia.entries()) await failed(at, { id, creatorId: "mia" });
    const waits = await jobs.job();
    const [one = "", two = "", three = ""] = ids.psy;
    const left = { nextSince: null, isLaneFull: true };
    // One of psy's waits already.
    expect(await next({}, 2)).toEqual({ ids: [one, ...ids.mia].toSorted(), ...left });
    expect(await next({}, 2)).toEqual({ ids: [], ...left });
    expect(await next({ id: two }, 2)).toEqual({ ids: [], ...left });
    expect(await next({ creatorId: "mia" }, 2)).toEqual({ ids: [], nextSince: null, isLaneFull: false });
    expect(await next({ id: two }, 3)).toEqual({ ids: [two], nextSince: null, isLaneFull: false });
    // What must not start yet does not count, to the millisecond.
    await jobs.at(60);
    const set = (id: string, data: object) => database.prisma.job.update({ where: { id }, data });
    await set(waits, { notBefore: time(60) });
    await set(one, { notBefore: time(1), runAt: time(60) });
    expect(await next({}, 3)).toEqual({ ids: [], ...left });
    await set(waits, { notBefore: time(60.001) });
    await set(one, { notBefore: time(1), runAt: time(60.001) });
    expect(await next({}, 1)).toEqual({ ids: [], ...left });
    expect(await next({}, 2)).toEqual({ ids: [three], nextSince: null, isLaneFull: false });
    expect(await next({}, 2)).toEqual({ ids: [], nextSince: null, isLaneFull: false });
  });

  it("take no place of others where their creator's lane is full", async () => {
    for (let seconds = 0; seconds < 5; seconds++) await failed(seconds);
    const [first, second] = [await failed(7, { creatorId: "mia" }), await failed(8, { creatorId: "mia" })];
    await jobs.job();
    expect(await next({}, 1, 2)).toEqual({ ids: [first], nextSince: null, isLaneFull: true });
    expect(await next({ creatorIds: ["mia"] }, 2, 1)).toEqual({
      ids: [second],
      nextSince: null,
      isLaneFull: false,
    });
  });

  it("begin anew under another generation, and need a token", async () => {
    const error = { errorResetsAt: time(900), errorStep: "draft" };
    const id = await failed(10, { ...error, agent: "messaging", creatorId: "mia" });
    const notBefore = time(-5);
    await database.prisma.job.update({
      where: { id },
      data: {
        crashes: 2,
        tries: 3,
        runAt: time(1),
        priority: 7,
        notBefore,
        claimId: "c",
        workerId: "worker_1",
      },
    });
    await database.prisma.creator.update({ where: { id: "mia" }, data: { ratePerHour: 50, burst: 2 } });
    await jobs.at(20);
    const place = { id, agent: "messaging", creatorId: "mia", generation: 2, priority: 7, notBefore };
    const { jobs: again } = await retryJobs(database, { id }, 1);
    expect(again).toMatchObject([
      { ...place, terms: { ratePerHour: 50, burst: 2, weight: 1, isPaused: false } },
    ]);
    const none = [
      "dispatchedAt",
      "attemptDeadlineAt",
      "startedAt",
      "finishedAt",
      "runAt",
      "claimId",
      "workerId",
    ];
    const noError = ["errorCode", "errorMessage", "errorRetryable", "errorResetsAt", "errorStep"];
    expect(await jobs.row(id)).toMatchObject({
      ...{ status: "queued", generation: 2, retries: 1, attempt: 1, tries: 0, hasToken: false, crashes: 0 },
      ...Object.fromEntries([...none, ...noError].map((field) => [field, null])),
    });
  });

  it("wait in Postgres while they must not start for more than 30 days, to the millisecond", async () => {
    const day = 86_400;
    const [near, far] = [await failed(1), await failed(2)];
    await jobs.at(10);
    const set = (id: string, seconds: number) =>
      database.prisma.job.update({ where: { id }, data: { notBefore: time(seconds) } });
    await set(near, 10 + 30 * day);
    await set(far, 10.001 + 30 * day);
    expect(await retried({})).toEqual([near, far].toSorted());
    expect((await jobs.rows([near, far])).map(({ runAt }) => runAt)).toEqual([null, time(10.001)]);
  });

  it("lose a time to expire that has passed, to the millisecond", async () => {
    const ids = [await failed(1, { expiresAt: time(10) }), await failed(1, { expiresAt: time(10.001) })];
    await jobs.at(10);
    await retried({});
    expect((await jobs.rows(ids)).map(({ expiresAt }) => expiresAt)).toEqual([null, time(10.001)]);
  });

  it("ask anew what could not be used, and its repair, and nothing else", async () => {
    const [unusable, other] = [await failed(1, { errorStep: "draft" }), await failed(2)];
    const untouched = await failed(3, { errorStep: "draft" });
    for (const id of [unusable, other, untouched]) {
      for (const key of ["draft", "draft:repair", "check"]) await step(id, key);
    }
    await retried({ until: time(3) });
    const keys = async (jobId: string) =>
      (await database.prisma.step.findMany({ where: { jobId }, orderBy: { key: "asc" } })).map(
        ({ key }) => key,
      );
    expect(await keys(unusable)).toEqual(["check"]);
    expect(await keys(other)).toEqual(["check", "draft", "draft:repair"]);
    expect(await keys(untouched)).toEqual(["check", "draft", "draft:repair"]);
  });

  it("keep how they ended with the events that tell of it, each its own", async () => {
    const id = await failed(10, { errorResetsAt: time(900) });
    const other = await failed(11);
    await retried({ id });
    await jobs.claim(id);
    await jobs.at(20);
    await jobs.finish(id, {
      status: "failed",
      errorCode: "timed_out",
      errorMessage: "Late.",
      errorRetryable: false,
    });
    await retried({ id });
    const ends = async (jobId: string) =>
      (await database.prisma.outbox.findMany({ where: { jobId }, orderBy: { createdAt: "asc" } })).map(
        ({ jobEnd }) => jobEnd,
      );
    const end = { status: "failed", code: "agent_error", message: "No.", retryable: true };
    const inUtc = (at: Date) => at.toISOString().replace(/\.000Z$/, "+00:00");
    expect(await ends(id)).toEqual([
      { ...end, resetsAt: inUtc(time(900)), finishedAt: inUtc(time(10)) },
      {
        ...{ status: "failed", code: "timed_out", message: "Late.", retryable: false },
        ...{ resetsAt: null, finishedAt: inUtc(time(20)) },
      },
    ]);
    expect(await ends(other)).toEqual([null]);
  });
});

describe("a retry that comes while another is under way", () => {
  beforeEach(() => jobs.clear());

  it("finds nothing that has failed", async () => {
    const id = await failed(1);
    const again = await jobs.during(
      (open) => retried({ id }, 1, open),
      () => retried({ id }),
    );
    expect(again).toEqual([]);
    expect(await jobs.row(id)).toMatchObject({ generation: 2, retries: 1 });
  });

  it("leaves alone what is being erased", async () => {
    const id = await failed(1);
    const erase: Statement = {
      name: "test-erase",
      text: `UPDATE "JobRecord" SET "erasedAt" = now() WHERE "id" = ($1::jsonb -> 0 ->> 'id')`,
    };
    const again = await jobs.during(
      (open) => open.execute(erase, [{ id }]),
      () => retried({}),
    );
    expect(again).toEqual([]);
    expect(await jobs.row(id)).toMatchObject({ status: "failed" });
  });

  it("never waits for one that waits for it", async () => {
    const ids = Array.from({ length: 10 }, () => newId("job"));
    await jobs.create(ids.map((id) => ({ id })).reverse());
    for (const id of ids) await jobs.claim(id);
    for (const [n, id] of ids.entries()) {
      await jobs.at(100 - n);
      await jobs.finish(id, { status: "failed" });
    }
    const again = await jobs.during(
      (open) => retried({ id: String(ids[0]) }, 1, open),
      () => retried({}),
      (open) => retried({}, 100, open),
    );
    expect(again).toEqual([]);
  });
});
