import { beforeEach, describe, expect, it } from "@jest/globals";
import { newClaim } from "@understudy/testkit";
import {
  claimJobs,
  dispatchAbsent,
  dispatchAgain,
  failUnknownAgents,
  isFarAhead,
  jobsToDispatch,
  ownAttempts,
  queuedBytes,
  queuedJobs,
  suspects,
} from "../src/index.ts";
import { JobDatabase, time } from "./job-database.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

beforeEach(() => jobs.clear());

/** A queued job with such columns; it is noon. */
async function queued(data: object = {}): Promise<{ id: string; generation: number }> {
  const id = await jobs.job();
  await database.prisma.job.update({ where: { id }, data });
  const { generation } = await jobs.row(id);
  return { id, generation };
}

/** One that runs, with such columns. */
async function running(data: object = {}): Promise<{ id: string; generation: number }> {
  const id = await jobs.job();
  await jobs.claim(id);
  await database.prisma.job.update({ where: { id }, data });
  return { id, generation: 1 };
}

const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

describe("suspects", () => {
  it("are those that wait to run alone, to the millisecond, the longest waiting first, and not for room", async () => {
    const alike = { crashes: 2, runAt: time(-1) };
    const [one, other] = [await queued(alike), await queued(alike)].map(({ id }) => id).toSorted();
    const now = await queued({ crashes: 7, runAt: time(0), waitingFor: "provider" });
    const longest = await queued({ crashes: 2, runAt: time(-2) });
    await queued({ crashes: 1, runAt: time(-3) });
    await queued({ crashes: 2, runAt: time(0.001) });
    await running(alike);
    for (const waitingFor of ["quota", "paused"]) await queued({ ...alike, waitingFor });
    expect(idsOf(await suspects(database, 10))).toEqual([longest.id, one, other, now.id]);
    expect(idsOf(await suspects(database, 1))).toEqual([longest.id]);
  });
});

it("attempts that a process has under way are its own that run", async () => {
  const ids = [await jobs.job(), await jobs.job(), await jobs.job()];
  const workers = ["worker_own", "worker_own", "worker_other"];
  await claimJobs(
    database,
    ids.map((id, index) => ({ ...newClaim(id), workerId: String(workers[index]) })),
  );
  await jobs.finish(String(ids[1]));
  await database.prisma.job.update({ where: { id: String(ids[1]) }, data: { workerId: "worker_own" } });
  expect(await ownAttempts(database, "worker_own")).toEqual([{ id: ids[0], attempt: 1 }]);
});

describe("what must not start for long", () => {
  it("stands in no Redis until it may start within 30 days, to the millisecond", async () => {
    const days = 30 * 86_400;
    const at = (seconds: number) => ({ notBefore: time(seconds).toISOString() });
    const [near, far, never, now] = [
      await jobs.job(at(days)),
      await jobs.job(at(days + 0.001)),
      await jobs.job({ notBefore: "9999-12-31T23:59:59.000Z" }),
      await jobs.job(),
    ];
    const held = [near, now].toSorted();
    expect(idsOf(await jobsToDispatch(database, -1, 10)).toSorted()).toEqual(held);
    expect(idsOf(await queuedJobs(database, "", 10))).toEqual(held);
    await jobs.at(0.001);
    expect(idsOf(await jobsToDispatch(database, -1, 10)).toSorted()).toEqual([...held, far].toSorted());
    expect(idsOf(await queuedJobs(database, "", 10))).not.toContain(never);
  });

  it("is told from what may start soon without asking Postgres", () => {
    const inDays = (days: number) => ({ notBefore: new Date(Date.now() + days * 86_400_000) });
    expect([29.99, 30.01, 3_000_000].map((days) => isFarAhead(inDays(days), new Date()))).toEqual([
      false,
      true,
      true,
    ]);
    expect(isFarAhead({ notBefore: null }, new Date())).toBe(false);
  });
});

it("the bytes of a creator's inputs are those of jobs that wait, and of no other's", async () => {
  await queued({ inputBytes: 100 });
  await queued({ inputBytes: 20, waitingFor: "quota" });
  await running({ inputBytes: 3_000 });
  await jobs.finish((await running({ inputBytes: 40_000 })).id);
  const other = await jobs.job({ creatorId: "other" });
  await database.prisma.job.update({ where: { id: other }, data: { inputBytes: 7 } });
  expect(await queuedBytes(database, "psy")).toBe(120);
  expect(await queuedBytes(database, "other")).toBe(7);
  expect(await queuedBytes(database, "nobody")).toBe(0);
});

describe("what was dispatched and is lost", () => {
  it("has another generation, and its token, and is due when it is said: what runs or was dispatched since is left alone", async () => {
    const lost = await queued({ dispatchedAt: time(-9) });
    const since = await queued({ generation: 2 });
    const runs = await running();
    const asked = [lost, { ...since, generation: 1 }, runs];
    expect(await dispatchAgain(database, asked, 60)).toMatchObject([{ id: lost.id, generation: 2 }]);
    expect(await jobs.row(lost.id)).toMatchObject({ hasToken: true, dispatchedAt: null, runAt: time(60) });
    expect(await jobs.row(since.id)).toMatchObject({ generation: 2, hasToken: false });
    expect(await jobs.row(runs.id)).toMatchObject({ generation: 1, status: "running" });
  });

  it("is due again, without a token, where it was noted long enough ago, to the millisecond", async () => {
    const absent = await queued({ dispatchedAt: time(-3.001) });
    const putOff = await queued({ dispatchedAt: time(-9), runAt: time(-100) });
    const young = await queued({ dispatchedAt: time(-3) });
    const since = await queued({ dispatchedAt: time(-9), generation: 2 });
    const runs = await running({ dispatchedAt: time(-9) });
    const asked = [absent, putOff, young, { ...since, generation: 1 }, runs];
    expect(idsOf(await dispatchAbsent(database, asked, 3)).toSorted()).toEqual(
      [absent.id, putOff.id].toSorted(),
    );
    const again = { generation: 2, dispatchedAt: null, hasToken: false };
    expect(await jobs.row(absent.id)).toMatchObject({ ...again, runAt: time(0) });
    expect(await jobs.row(putOff.id)).toMatchObject({ ...again, runAt: time(-100) });
    expect(await jobs.row(young.id)).toMatchObject({ generation: 1, dispatchedAt: time(-3) });
    expect(await jobs.row(runs.id)).toMatchObject({ generation: 1, status: "running" });
  });
});

it("jobs of an unknown agent fail once they have waited for so long, and are told of", async () => {
  const old = await queued({ createdAt: time(-60.001) });
  const young = await queued({ createdAt: time(-60) });
  const later = await queued({ createdAt: time(-99), notBefore: time(-1) });
  const since = await queued({ createdAt: time(-99), generation: 2 });
  await failUnknownAgents(database, [old, young, later, { ...since, generation: 1 }], 60);
  expect(await jobs.row(old.id)).toMatchObject({
    ...{ status: "failed", errorCode: "agent_not_found", errorRetryable: false, finishedAt: time(0) },
    outbox: [{ type: "job.failed", creatorId: "psy" }],
  });
  for (const { id } of [young, later, since]) expect(await jobs.row(id)).toMatchObject({ status: "queued" });
});
