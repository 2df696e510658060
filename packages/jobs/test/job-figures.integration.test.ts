import { beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import {
  cancelJob,
  changedStates,
  failures,
  jobEnds,
  jobsByMinute,
  retryJobs,
  waitingJobs,
} from "../src/index.ts";
import { JobDatabase, time } from "./job-database.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

beforeEach(() => jobs.clear());

type End = "completed" | "failed" | "blocked" | "cancelled";

/** A job that ends so many seconds after noon, and was accepted at noon unless said otherwise. */
async function ended(seconds: number, status: End, errorCode?: string, acceptedAt = 0): Promise<string> {
  await jobs.at(acceptedAt);
  const id = await jobs.job();
  await jobs.claim(id);
  await jobs.at(seconds);
  if (status === "cancelled") await cancelJob(database, id, newId("evt"));
  else await jobs.finish(id, { status, ...(errorCode !== undefined && { errorCode }) });
  return id;
}

const hour = 3_600;

describe("how jobs ended", () => {
  it("is counted by end, of so many hours to the millisecond, beside those that run", async () => {
    const wanted = { completed: 4, failed: 3, blocked: 2, cancelled: 1 };
    for (const [status, count] of Object.entries(wanted)) {
      for (let n = 0; n < count; n++) await ended(0, status as End);
      await ended(-0.001, status as End, undefined, -1);
    }
    for (let n = 0; n < 2; n++) await jobs.claim(await jobs.job());
    await jobs.job();
    await jobs.at(2 * hour);
    expect(await jobEnds(database, 2)).toEqual({ ...wanted, running: 2 });
  });

  it("is nothing where nothing was told", async () => {
    expect(await jobEnds(database, 2)).toEqual({
      running: 0,
      completed: 0,
      failed: 0,
      blocked: 0,
      cancelled: 0,
    });
  });

  it("is explained by code, the most frequent first, of so many hours to the millisecond", async () => {
    for (const seconds of [5, 9, 7]) await ended(seconds, "failed", "timed_out");
    for (const seconds of [3, 2]) await ended(seconds, "blocked", "safety");
    for (const seconds of [0, 1]) await ended(seconds, "failed", "expired");
    for (const code of ["safety", "safety", "early"]) await ended(-0.001, "failed", code, -1);
    await ended(8, "completed");
    await ended(8, "cancelled");
    await jobs.at(2 * hour);
    const expected = [
      { code: "timed_out", jobs: 3, latestAt: time(9) },
      { code: "expired", jobs: 2, latestAt: time(1) },
      { code: "safety", jobs: 2, latestAt: time(3) },
    ];
    expect(await failures(database, 2, 10)).toEqual(expected);
    expect(await failures(database, 2, 2)).toEqual(expected.slice(0, 2));
  });

  it("is explained no more of what is tried again", async () => {
    const id = await ended(1, "failed");
    await retryJobs(database, { id }, 1);
    expect(await failures(database, 2, 10)).toEqual([]);
  });
});

it("jobs are counted by the minute, the oldest first, with the one that is under way", async () => {
  const minute = (n: number) => n * 60;
  // Before the first of them, in its first and in its last moment, and in the next.
  await ended(minute(-2) - 0.001, "completed", undefined, minute(-2) - 0.001);
  await ended(minute(-2), "failed", undefined, minute(-2));
  await ended(minute(-1) - 0.001, "blocked", undefined, minute(-1) - 0.001);
  await ended(minute(-1), "completed", undefined, minute(-1));
  await ended(minute(-1), "completed", undefined, minute(-1));
  await ended(30, "cancelled", undefined, 20);
  await jobs.job();
  await database.prisma.outbox.create({
    data: { id: newId("evt"), type: "charge.closed", payload: {}, createdAt: time(minute(-1)) },
  });
  await jobs.at(59);
  expect(await jobsByMinute(database, 3)).toEqual([
    { at: time(minute(-2)), accepted: 2, completed: 0, failed: 2 },
    { at: time(minute(-1)), accepted: 2, completed: 2, failed: 0 },
    { at: time(0), accepted: 2, completed: 0, failed: 0 },
  ]);
  await jobs.at(minute(1));
  expect(await jobsByMinute(database, 2)).toEqual([
    { at: time(0), accepted: 2, completed: 0, failed: 0 },
    { at: time(minute(1)), accepted: 0, completed: 0, failed: 0 },
  ]);
});

describe("what jobs wait for", () => {
  async function givenBack(waitingFor: "provider" | "worker" | "quota" | "paused", creatorId: string) {
    const id = await jobs.job({ creatorId });
    await jobs.claim(id);
    const isForRoom = waitingFor === "quota" || waitingFor === "paused";
    await jobs.putOff(id, 1, isForRoom ? { waitingFor, neededUsd: "1" } : { waitingFor });
  }

  const waiting = async (lanes: number) =>
    (await waitingJobs(database, lanes))
      .map(({ cause, creatorId, jobs }) => `${cause ?? "lane"} ${creatorId ?? "-"} ${jobs}`)
      .toSorted();

  it("is told by cause where that is known, to the millisecond, else by the longest lanes and all others", async () => {
    const lanes = { ann: 2, bob: 4, cid: 3, dan: 1, eve: 1 };
    for (const [creatorId, count] of Object.entries(lanes)) {
      for (let n = 0; n < count; n++) await jobs.job({ creatorId });
    }
    for (const seconds of [10, 10.001, 11]) {
      await jobs.job({ creatorId: "ann", notBefore: time(seconds).toISOString() });
    }
    for (const creatorId of ["ann", "bob"]) await givenBack("provider", creatorId);
    for (const creatorId of ["ann", "cid"]) await givenBack("quota", creatorId);
    await givenBack("paused", "bob");
    await jobs.claim(await jobs.job({ creatorId: "bob" }));
    await ended(1, "failed");
    await jobs.at(10);
    const causes = ["paused - 1", "provider - 2", "quota - 2", "time - 2"];
    expect(await waiting(1)).toEqual(["lane - 8", "lane bob 4", ...causes]);
    expect(await waiting(3)).toEqual(["lane - 2", "lane ann 3", "lane bob 4", "lane cid 3", ...causes]);
  });

  it("is the time before which a job must not start, whatever it waits for beside that", async () => {
    await givenBack("provider", "ann");
    await database.prisma.job.updateMany({ data: { notBefore: time(1) } });
    expect(await waiting(1)).toEqual(["time - 1"]);
    await jobs.at(1);
    expect(await waiting(1)).toEqual(["provider - 1"]);
  });
});

describe("jobs that are watched", () => {
  it("are told when status, attempt or reason to wait is another than was seen, each for itself", async () => {
    const ids = [await jobs.job(), await jobs.job()];
    const [one = "", two = ""] = ids;
    await jobs.job();
    const seen = new Map<string, string>();
    const changed = async () => {
      const states = await changedStates(
        database,
        ids.map((id) => ({ id, seen: seen.get(id) })),
      );
      for (const { id, state } of states) seen.set(id, state);
      return states.map(({ id }) => id).toSorted();
    };
    expect(await changed()).toEqual(ids);
    expect(await changed()).toEqual([]);
    await jobs.claim(one);
    expect(await changed()).toEqual([one]);
    await jobs.takeOver(one);
    await jobs.claim(one);
    expect(await changed()).toEqual([one]);
    await jobs.putOff(one, 2);
    expect(await changed()).toEqual([one]);
    await database.prisma.job.update({ where: { id: one }, data: { waitingFor: "provider" } });
    await cancelJob(database, two, newId("evt"));
    expect(await changed()).toEqual(ids);
    expect(await changed()).toEqual([]);
    expect(await changedStates(database, [{ id: newId("job"), seen: undefined }])).toEqual([]);
  });
});
