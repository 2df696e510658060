import { beforeEach, describe, expect, it } from "@jest/globals";
import { type Database, newId } from "@understudy/database";
import { newClaim } from "@understudy/testkit";
import {
  blameJobs,
  cancelJob,
  claimJobs,
  endLease,
  holdLease,
  jobsToDispatch,
  takeOverJobs,
} from "../src/index.ts";
import { JobDatabase, time } from "./job-database.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

beforeEach(async () => {
  await jobs.clear();
  await database.prisma.lease.deleteMany();
  await live("worker_alive");
});

const graceSeconds = 30;

const live = (name: string, seconds = 1_000) => holdLease(database, { name, holder: name }, seconds);

/** A job in the hands of a worker, whose attempt is to end so many seconds after noon. */
async function running(deadline: number, workerId = "worker_alive", options: object = {}): Promise<string> {
  const id = await jobs.job(options);
  await claimJobs(database, [{ ...newClaim(id, { timeoutSeconds: deadline }), workerId }]);
  return id;
}

const taken = async (limit = 10) =>
  (await takeOverJobs(database, graceSeconds, limit)).map(({ id }) => id).toSorted();

const cancelled = (id: string) => (open: Database) => cancelJob(open, id, newId("evt"));

describe("jobs of a dead worker", () => {
  it("are queued under a new generation, as a crash, and take no second token", async () => {
    const asked = { agent: "messaging", creatorId: "mia", priority: 7, notBefore: time(-5).toISOString() };
    const id = await running(100, "worker_dead", asked);
    await jobs.at(3);
    expect(await takeOverJobs(database, graceSeconds, 10)).toEqual([
      { id, workerId: "worker_dead", crashes: 1, isBlamed: false },
    ]);
    expect(await jobs.row(id)).toMatchObject({
      ...{ status: "queued", generation: 2, crashes: 1, attempt: 1, tries: 0, startedAt: time(0) },
      ...{ dispatchedAt: null, runAt: time(3), claimId: null, workerId: null },
    });
    // A lane would take one: it goes straight to its queue.
    expect(await jobsToDispatch(database, 0, 10)).toMatchObject([{ id, generation: 2, terms: null }]);
    expect(await taken()).toEqual([]);
  });

  it("are told from those of workers that live, to the millisecond", async () => {
    await live("worker_here", 5);
    const [here, gone] = [await running(100, "worker_here"), await running(100, "worker_gone")];
    await running(100);
    await jobs.job();
    await jobs.at(4.999);
    expect(await taken()).toEqual([gone]);
    await jobs.at(5);
    expect(await taken()).toEqual([here]);
  });

  it("are those, too, that are past their deadline by so long, though their worker lives", async () => {
    const late = await running(9.999);
    await jobs.finish(await running(1));
    await running(10);
    await jobs.at(40);
    expect(await taken()).toEqual([late]);
  });

  it("are none of a worker that could not write for a while: it has as long again for what is overdue", async () => {
    await live("worker_back", 8);
    const late = await running(1, "worker_back");
    // An outage: its lease has ended, and is taken anew.
    await jobs.at(100);
    await live("worker_back", 1_000);
    expect(await taken()).toEqual([]);
    await jobs.at(129.999);
    expect(await taken()).toEqual([]);
    await jobs.at(130);
    expect(await taken()).toEqual([late]);
  });

  it("are those without a worker, of an older version, once they are past their deadline", async () => {
    const old = await running(10);
    await database.prisma.job.update({ where: { id: old }, data: { workerId: null } });
    await jobs.at(40);
    expect(await taken()).toEqual([]);
    await jobs.at(40.001);
    expect(await taken()).toEqual([old]);
  });

  it("are those first whose time is over first, so many at most", async () => {
    const ids = [await running(3, "x"), await running(1, "y"), await running(2, "z")];
    expect(await taken(2)).toEqual([ids[1], ids[2]].toSorted());
    expect(await taken(2)).toEqual([ids[0]]);
  });

  it("are left to whoever has them at that moment", async () => {
    const [first, second] = [await running(1, "x"), await running(2, "x")];
    expect(await jobs.beside(cancelled(first), () => taken())).toEqual([second]);
  });

  it("are taken by nobody who has not held a lease for so long, by the clock of Postgres", async () => {
    const asker = { by: "worker_asking", settledSeconds: 7 };
    const ask = async () => (await takeOverJobs(database, graceSeconds, 10, asker)).map(({ id }) => id);
    const id = await running(100, "worker_dead");
    // Whoever else has held one for as long.
    await live("worker_other", 100_000);
    expect(await ask()).toEqual([]);
    await live("worker_asking", 8);
    await jobs.at(6.999);
    expect(await ask()).toEqual([]);
    await jobs.at(8);
    expect(await ask()).toEqual([]);
    // The clock leaps: its own lease is over, too.
    await jobs.at(1_000);
    expect(await ask()).toEqual([]);
    await live("worker_asking", 8);
    expect(await ask()).toEqual([]);
    await jobs.at(1_007);
    expect(await ask()).toEqual([id]);
  });

  it.each([
    [0, 0],
    [1, 0],
    [2, 15],
    [3, 30],
    [8, 960],
  ])("after %d crashes run again in %d s: alone after pauses that double", async (crashes, seconds) => {
    const id = await running(100, "x");
    await database.prisma.job.update({ where: { id }, data: { crashes } });
    await jobs.at(4);
    expect(await taken()).toEqual([id]);
    expect(await jobs.row(id)).toMatchObject({ crashes: crashes + 1, runAt: time(4 + seconds) });
  });

  it("run again though they were alone, and fail after the tenth crash in a row, and are told of", async () => {
    const [suspect, last] = [await running(100, "x"), await running(100, "x")];
    await database.prisma.job.update({ where: { id: suspect }, data: { crashes: 8 } });
    await database.prisma.job.update({ where: { id: last }, data: { crashes: 9 } });
    await jobs.at(4);
    const found = await takeOverJobs(database, graceSeconds, 10);
    expect(new Map(found.map(({ id, isBlamed }) => [id, isBlamed]))).toEqual(
      new Map([
        [suspect, false],
        [last, true],
      ]),
    );
    expect(await jobs.row(suspect)).toMatchObject({ status: "queued", crashes: 9, outbox: [] });
    expect(await jobs.row(last)).toMatchObject({
      ...{
        status: "failed",
        errorCode: "worker_crashed",
        errorRetryable: true,
        crashes: 10,
        finishedAt: time(4),
      },
      outbox: [{ type: "job.failed", creatorId: "psy" }],
    });
  });
});

describe("a suspect whose process was seen to die", () => {
  it("is blamed for that, and told of; jobs that ran beside others and other processes' are not", async () => {
    const [guilty, innocent, elsewhere] = [
      await running(100, "alone"),
      await running(100, "alone"),
      await running(100, "other"),
    ];
    for (const id of [guilty, elsewhere])
      await database.prisma.job.update({ where: { id }, data: { crashes: 2 } });
    await jobs.at(4);
    expect(await blameJobs(database, "alone")).toEqual([guilty]);
    expect(await jobs.row(guilty)).toMatchObject({
      ...{
        status: "failed",
        errorCode: "worker_crashed",
        errorRetryable: true,
        crashes: 3,
        finishedAt: time(4),
      },
      outbox: [{ type: "job.failed", creatorId: "psy" }],
    });
    expect(await jobs.rows([innocent, elsewhere])).toMatchObject(
      Array(2).fill({ status: "running", outbox: [] }),
    );
  });
});

describe("a lease", () => {
  const lease = { name: "work", holder: "one" };
  const other = { name: "work", holder: "two" };

  it("is held as long as it is renewed in time, and nobody else gets it until then", async () => {
    expect(await holdLease(database, lease, 5)).toBe(0);
    await jobs.at(4.999);
    expect(await holdLease(database, other, 5)).toBeUndefined();
    expect(await holdLease(database, lease, 5)).toBeCloseTo(4.999);
    await jobs.at(9.998);
    expect(await holdLease(database, other, 5)).toBeUndefined();
    await jobs.at(9.999);
    expect(await holdLease(database, other, 5)).toBe(0);
    expect(await holdLease(database, lease, 5)).toBeUndefined();
  });

  it("begins anew where it had ended, though nobody else had it", async () => {
    await holdLease(database, lease, 5);
    await jobs.at(5);
    expect(await holdLease(database, lease, 5)).toBe(0);
  });

  it("ends when it is given up, by who holds it", async () => {
    await holdLease(database, lease, 5);
    await endLease(database, other);
    expect(await holdLease(database, other, 5)).toBeUndefined();
    await endLease(database, lease);
    expect(await holdLease(database, other, 5)).toBe(0);
  });

  it("of the long dead is forgotten", async () => {
    await holdLease(database, lease, 5);
    await jobs.at(86_406);
    await endLease(database, { name: "another", holder: "x" });
    expect(await database.prisma.lease.count({ where: { name: "work" } })).toBe(0);
  });
});
