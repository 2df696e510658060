import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { DispatchableJob } from "@understudy/contracts";
import { newId } from "@understudy/database";
import {
  cancelJob,
  changedTerms,
  jobsEndedInLane,
  jobsToDispatch,
  markDispatched,
  queuedJobs,
  releasedJobs,
  retryJobs,
} from "../src/index.ts";
import { JobDatabase, time } from "./job-database.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

beforeAll(async () => {
  await database.prisma.plan.create({ data: { name: "heavy", weight: 4 } });
});

beforeEach(() => jobs.clear());

const idsOf = (found: { id: string }[]) => found.map(({ id }) => id);

/** What is known of a job's place in Redis is set by hand where no way of the jobs' own leads there alone. */
const change = (id: string, data: object) => database.prisma.job.update({ where: { id }, data });

/** Jobs that were given back by an attempt, and wait for that. */
async function waitingJob(waitingFor: "provider" | "worker" | "quota" | "paused"): Promise<string> {
  const id = await jobs.job();
  await jobs.claim(id);
  const isForRoom = waitingFor === "quota" || waitingFor === "paused";
  await jobs.putOff(id, 1, isForRoom ? { waitingFor, neededUsd: "1" } : { waitingFor });
  return id;
}

/** Jobs in every state in which they must not stand in Redis: they wait for room, run, or have ended. */
async function jobsOutsideRedis(): Promise<string[]> {
  const [running, completed, failed, cancelled] = [
    await jobs.job(),
    await jobs.job(),
    await jobs.job(),
    await jobs.job(),
  ];
  for (const id of [running, completed, failed]) await jobs.claim(id);
  await jobs.finish(completed);
  await jobs.finish(failed, { status: "failed" });
  await cancelJob(database, cancelled, newId("evt"));
  return [await waitingJob("quota"), await waitingJob("paused"), running, completed, failed, cancelled];
}

/** Forgets of all jobs that they stand in Redis. */
const forgetDispatch = () => database.prisma.job.updateMany({ data: { dispatchedAt: null } });

/** Both ways in which jobs are found that Redis must hold. */
const lookups: [string, (limit?: number) => Promise<DispatchableJob[]>][] = [
  ["those that are not noted as standing there", (limit = 100) => jobsToDispatch(database, -1, limit)],
  ["all, page by page", (limit = 100) => queuedJobs(database, "", limit)],
];

describe.each(lookups)("jobs that Redis must hold: %s", (_name, find) => {
  it("are queued, whether they are new or given back, and wait for no room", async () => {
    const expected = [await jobs.job(), await waitingJob("provider"), await waitingJob("worker")];
    await jobsOutsideRedis();
    await forgetDispatch();
    expect(idsOf(await find()).toSorted()).toEqual(expected.toSorted());
  });

  it("come with all that Redis needs to know", async () => {
    const own = { ratePerHour: 50, burst: 2, createdAt: time(-9) };
    await database.prisma.creator.create({ data: { id: "mia", planName: "heavy", ...own } });
    await database.prisma.creator.create({ data: { id: "ann" } });
    const asked = { creatorId: "mia", agent: "messaging", priority: 7 };
    const id = await jobs.job({ ...asked, notBefore: time(60).toISOString() });
    await change(id, { generation: 3 });
    const [found, ...others] = await find();
    expect(others).toEqual([]);
    expect({ ...found, terms: { ...found?.terms, creatorSince: undefined } }).toEqual({
      ...asked,
      id,
      notBefore: time(60),
      generation: 3,
      terms: { ratePerHour: 50, burst: 2, weight: 4, isPaused: false },
    });
    expect(new Date(found?.terms?.creatorSince ?? 0)).toEqual(time(-9));
  });

  it("take a token once: no lane for what was released before, until it is tried again", async () => {
    const [fresh, given, retried, twice] = [
      await jobs.job(),
      await waitingJob("provider"),
      await jobs.job(),
      await jobs.job(),
    ];
    for (const id of [retried, twice]) {
      await jobs.claim(id);
      await jobs.finish(id, { status: "failed" });
      await retryJobs(database, { id }, 1);
    }
    const { attempt } = await jobs.claim(twice);
    await jobs.putOff(twice, attempt);
    await forgetDispatch();
    const found = new Map((await find()).map((job) => [job.id, job.terms]));
    expect([fresh, given, retried, twice].map((id) => found.get(id) ?? null)).toEqual([
      expect.objectContaining({ burst: 20 }),
      null,
      expect.objectContaining({ burst: 20 }),
      null,
    ]);
  });
});

describe("jobs that Redis has not taken", () => {
  it("are those of which it is not noted, the oldest first, so many at most", async () => {
    // Neither in the order of their ids nor in that of their rows.
    const ids = Array.from({ length: 3 }, () => newId("job"));
    for (const [n, seconds] of [
      [0, -11],
      [2, -10],
      [1, -12],
    ] as const) {
      await jobs.at(seconds);
      await jobs.job({ id: ids[n] as string });
    }
    const noted = await jobs.job();
    await markDispatched(database, [{ id: noted, generation: 1 }]);
    const oldestFirst = [ids[1], ids[0], ids[2]];
    await jobs.at(0);
    expect(idsOf(await jobsToDispatch(database, 0, 100))).toEqual(oldestFirst);
    expect(idsOf(await jobsToDispatch(database, 0, 2))).toEqual(oldestFirst.slice(0, 2));
  });

  it("are given the time to get there, to the millisecond", async () => {
    const id = await jobs.job();
    await jobs.at(3);
    expect(await jobsToDispatch(database, 3, 100)).toEqual([]);
    await jobs.at(3.001);
    expect(idsOf(await jobsToDispatch(database, 3, 100))).toEqual([id]);
  });
});

it("pages of all queued jobs go on behind the last one, in the order of the ids", async () => {
  const ids = Array.from({ length: 5 }, () => newId("job"));
  await jobs.create([3, 0, 4, 1, 2].map((n) => ({ id: ids[n] as string })));
  expect(idsOf(await queuedJobs(database, "", 2))).toEqual(ids.slice(0, 2));
  expect(idsOf(await queuedJobs(database, String(ids[1]), 2))).toEqual(ids.slice(2, 4));
  expect(idsOf(await queuedJobs(database, String(ids[3]), 2))).toEqual(ids.slice(4));
  expect(await queuedJobs(database, String(ids[4]), 2)).toEqual([]);
});

describe("that jobs stand in Redis", () => {
  const dispatched = async (ids: string[]) => (await jobs.rows(ids)).map(({ dispatchedAt }) => dispatchedAt);

  it("is noted of each that is named, under its own generation, when it came there first", async () => {
    const ids = [await jobs.job(), await jobs.job(), await jobs.job(), await jobs.job()];
    const [one = "", two = "", again = ""] = ids;
    await change(again, { generation: 2 });
    await jobs.at(1);
    await markDispatched(
      database,
      [one, two, again].map((id) => ({ id, generation: 1 })),
    );
    expect(await dispatched(ids)).toEqual([time(1), time(1), null, null]);
    await jobs.at(2);
    await markDispatched(database, [
      { id: one, generation: 1 },
      { id: again, generation: 2 },
    ]);
    expect(await dispatched(ids)).toEqual([time(1), time(1), time(2), null]);
  });

  it("is noted also of what ended there before it started, and of nothing that has run", async () => {
    const [cancelled, expired] = [await jobs.job(), await jobs.job()];
    await cancelJob(database, cancelled, newId("evt"));
    const failed = { status: "failed", finishedAt: time(0), errorCode: "expired" } as const;
    await change(expired, { ...failed, errorMessage: "Late.", errorRetryable: false });
    const outside = (await jobsOutsideRedis()).slice(2, 5);
    await database.prisma.job.updateMany({ where: { id: { in: outside } }, data: { dispatchedAt: null } });
    const ids = [cancelled, expired, ...outside];
    await markDispatched(
      database,
      ids.map((id) => ({ id, generation: 1 })),
    );
    expect(idsOf(await jobsEndedInLane(database, 10))).toEqual([cancelled, expired]);
    expect(await dispatched(outside)).toEqual([null, null, null]);
  });

  it("waits for nobody who has a job at that moment: a claim notes it as well", async () => {
    const ids = [await jobs.job(), await jobs.job()];
    const items = ids.map((id) => ({ id, generation: 1 }));
    await jobs.beside(
      (open) => cancelJob(open, String(ids[0]), newId("evt")),
      () => markDispatched(database, items),
    );
    expect(await dispatched(ids)).toEqual([null, time(0)]);
  });
});

it("jobs that still wait in their queues are told from those that have started, ended, or wait for room", async () => {
  const [fresh, given, again] = [await jobs.job(), await waitingJob("provider"), await jobs.job()];
  await jobs.job();
  await change(again, { generation: 2, agent: "messaging" });
  const outside = await jobsOutsideRedis();
  const under = (generation: number, ids: string[]) =>
    releasedJobs(
      database,
      ids.map((id) => ({ id, generation })),
    );
  expect((await under(1, [fresh, given, again, ...outside])).map(({ id }) => id)).toEqual([fresh]);
  const found = { id: again, generation: 2, agent: "messaging", creatorId: "psy" };
  expect((await under(2, [fresh, given, again])).map(({ id }) => id).toSorted()).toEqual(
    [given, again].toSorted(),
  );
  expect(await under(2, [again])).toEqual([found]);
});

describe("creators whose terms were changed lately", () => {
  const changed = async (seconds: number) =>
    (await changedTerms(database, seconds)).map(({ creatorId }) => creatorId).toSorted();

  // Since when a plan's terms apply Postgres notes itself, by its own clock.
  beforeEach(() => database.prisma.plan.updateMany({ data: { validFrom: time(-900) } }));

  const creatorAt = async (id: string, updatedAt: Date, data: object = {}) => {
    await database.prisma.creator.create({ data: { id, updatedAt, planName: "business", ...data } });
    return jobs.job({ creatorId: id });
  };

  it("are those with queued jobs, to the millisecond, on the terms that they have now", async () => {
    await creatorAt("late", time(-60));
    const own = { ratePerHour: 50, burst: 2, pausedAt: time(-1), createdAt: time(-80) };
    await creatorAt("now", time(-59.999), own);
    const running = await creatorAt("busy", time(-1));
    await jobs.claim(running);
    await database.prisma.creator.create({ data: { id: "idle", updatedAt: time(-1) } });
    await creatorAt("new", time(-1));
    expect(await changed(60)).toEqual(["new", "now"]);
    expect(await changed(60.001)).toEqual(["late", "new", "now"]);
    const terms = (await changedTerms(database, 60)).find(({ creatorId }) => creatorId === "now")?.terms;
    expect(terms).toMatchObject({ ratePerHour: 50, burst: 2, weight: 1, isPaused: true });
    expect(new Date(terms?.creatorSince ?? 0)).toEqual(time(-80));
  });

  it("are all of a plan that was changed, and of no other", async () => {
    const { plan } = database.prisma;
    await plan.create({ data: { name: "edge", validFrom: time(-60) } });
    await plan.create({ data: { name: "moved", validFrom: time(-59.999), weight: 5 } });
    await creatorAt("a", time(-900), { planName: "moved" });
    await creatorAt("b", time(-900), { planName: "moved" });
    await creatorAt("c", time(-900), { planName: "edge" });
    await creatorAt("d", time(-900));
    expect(await changed(60)).toEqual(["a", "b"]);
    expect((await changedTerms(database, 60))[0]?.terms).toMatchObject({ weight: 5, isPaused: false });
  });
});
