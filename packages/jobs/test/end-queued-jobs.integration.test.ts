import { beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { endJobs } from "../../ledger/test/end-jobs.ts";
import { cancelJob, expireQueuedJobs, jobsEndedInLane, markDispatched, markLeftLane } from "../src/index.ts";
import { JobDatabase, time } from "./job-database.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

beforeEach(() => jobs.clear());

const expiring = (seconds: number, options: object = {}) =>
  jobs.job({ expiresAt: time(seconds).toISOString(), ...options });

const cancel = (id: string) => cancelJob(database, id, newId("evt"));

/** Has as many jobs expire as there are events for. @returns theirs, in no particular order */
async function expire(count: number): Promise<string[]> {
  const events = Array.from({ length: count }, () => newId("evt"));
  return (await expireQueuedJobs(database, events)).map(({ id }) => id).toSorted();
}

/** As it is in the hands of an attempt that gave it back. */
async function givenBack(id: string, waitingFor: "provider" | "quota"): Promise<string> {
  const { attempt } = await jobs.claim(id);
  await jobs.putOff(id, attempt, waitingFor === "quota" ? { waitingFor, neededUsd: "1" } : { waitingFor });
  return id;
}

describe("jobs that were not started in time", () => {
  it("fail, each with an event of its own", async () => {
    const [first, second] = [
      await expiring(5, { agent: "messaging", creatorId: "mia", priority: 7 }),
      await expiring(6),
    ];
    await database.prisma.job.update({ where: { id: second }, data: { generation: 2 } });
    await jobs.at(6);
    const events = [newId("evt"), newId("evt"), newId("evt")];
    const expired = await expireQueuedJobs(database, events);
    expect(expired.toSorted((a, b) => a.priority - b.priority)).toEqual([
      { id: second, agent: "test", creatorId: "psy", generation: 2, priority: 1 },
      { id: first, agent: "messaging", creatorId: "mia", generation: 1, priority: 7 },
    ]);
    const rows = await jobs.rows([first, second]);
    for (const row of rows) {
      expect(row).toMatchObject({
        status: "failed",
        finishedAt: time(6),
        errorCode: "expired",
        errorMessage: "The job had not started by its expiresAt.",
        errorRetryable: false,
        outbox: [{ type: "job.failed", creatorId: row.creatorId, createdAt: time(6) }],
      });
      expect(events).toContain(row.outbox[0]?.id);
    }
    expect(rows[0]?.outbox[0]?.id).not.toBe(rows[1]?.outbox[0]?.id);
  });

  it("are told from all others, to the millisecond", async () => {
    const [now, waiting] = [await expiring(10), await givenBack(await expiring(10), "quota")];
    const [started, running, ended] = [await expiring(10), await expiring(10), await expiring(10)];
    // An attempt had it, and it is to be attempted again: it has started in time.
    await givenBack(started, "provider");
    await jobs.claim(running);
    await cancel(ended);
    const spared = [await expiring(10.001), await jobs.job(), started, running, ended];
    await jobs.at(10);
    const before = await jobs.rows(spared);
    expect(await expire(10)).toEqual([now, waiting].toSorted());
    expect(await jobs.row(waiting)).toMatchObject({ waitingFor: null, neededUsd: null });
    expect(await jobs.rows(spared)).toEqual(before);
  });

  it("end in the order in which their time passed, as many as there are events for", async () => {
    const ids = [await expiring(3), await expiring(1), await expiring(2)];
    await jobs.at(5);
    expect(await expire(2)).toEqual([ids[1], ids[2]].toSorted());
    expect(await expire(2)).toEqual([ids[0]]);
    expect(await expire(2)).toEqual([]);
  });

  it("are left to whoever has them at that moment", async () => {
    const [claimed, other] = [await expiring(1), await expiring(2)];
    await jobs.at(5);
    const expired = await jobs.beside(
      (open) => cancelJob(open, claimed, newId("evt")),
      () => expire(2),
    );
    expect(expired).toEqual([other]);
    expect((await jobs.row(claimed)).outbox).toMatchObject([{ type: "job.cancelled" }]);
  });
});

describe("a job that is cancelled", () => {
  it("is told with its place in its lane, and leaves word, whether it waits or runs", async () => {
    const asked = { agent: "messaging", creatorId: "mia", priority: 7 };
    const [queued, running, waiting] = [await jobs.job(asked), await jobs.job(), await jobs.job()];
    await jobs.claim(running);
    await givenBack(waiting, "quota");
    await database.prisma.job.update({ where: { id: running }, data: { generation: 2 } });
    await jobs.at(3);
    const eventId = newId("evt");
    expect(await cancelJob(database, queued, eventId)).toEqual({
      ...asked,
      id: queued,
      generation: 1,
      attempt: 0,
      wasRunning: false,
    });
    expect(await cancel(running)).toMatchObject({ generation: 2, attempt: 2, wasRunning: true });
    expect(await cancel(waiting)).toMatchObject({ attempt: 1, wasRunning: false });
    const ended = { status: "cancelled", finishedAt: time(3), waitingFor: null, neededUsd: null };
    expect(await jobs.rows([queued, running, waiting])).toMatchObject([
      {
        ...ended,
        attempt: 0,
        outbox: [{ id: eventId, type: "job.cancelled", creatorId: "mia", createdAt: time(3) }],
      },
      { ...ended, attempt: 2, outbox: [{ type: "job.cancelled", creatorId: "psy" }] },
      { ...ended, attempt: 1, outbox: [{ type: "job.cancelled" }] },
    ]);
  });

  it("is no other, and none that has ended, however it did", async () => {
    const ids = [await jobs.job(), await jobs.job(), await jobs.job(), await jobs.job()];
    const [completed = "", failed = "", blocked = "", cancelled = ""] = ids;
    for (const id of ids) await jobs.claim(id);
    await jobs.finish(completed);
    await jobs.finish(failed, { status: "failed" });
    await jobs.finish(blocked, { status: "blocked" });
    await cancel(cancelled);
    const other = await jobs.job();
    const before = await jobs.rows([...ids, other]);
    for (const id of [...ids, newId("job")]) expect(await cancel(id)).toBeUndefined();
    expect(await jobs.rows([...ids, other])).toEqual(before);
  });

  it("fences its attempt off, and is not ended by it any more", async () => {
    const id = await jobs.job();
    await jobs.claim(id);
    await cancel(id);
    const end = { id, attempt: 1, status: "completed", result: {}, eventId: newId("evt") } as const;
    expect(await endJobs(database, [end])).toEqual([false]);
    expect(await jobs.row(id)).toMatchObject({ status: "cancelled", outbox: [{ type: "job.cancelled" }] });
  });

  it("is none where its attempt ends it in that moment: whoever comes first has it", async () => {
    const id = await jobs.job();
    await jobs.claim(id);
    const end = { id, attempt: 1, status: "completed", result: {}, eventId: newId("evt") } as const;
    const cancelled = await jobs.during(
      (open) => endJobs(open, [end]),
      () => cancel(id),
    );
    expect(cancelled).toBeUndefined();
    expect((await jobs.row(id)).outbox).toMatchObject([{ type: "job.completed" }]);
  });
});

describe("jobs that ended in their lanes", () => {
  async function inLane(options: object = {}): Promise<string> {
    const id = await jobs.job(options);
    await markDispatched(database, [{ id, generation: 1 }]);
    return id;
  }

  it("are those that ended before they started and may stand there yet", async () => {
    const place = { agent: "messaging", creatorId: "mia", priority: 7 };
    const [cancelled, expired] = [await inLane(place), await inLane({ expiresAt: time(1).toISOString() })];
    const [queued, started, failed, never] = [
      await inLane(),
      await inLane(),
      await inLane(),
      await jobs.job(),
    ];
    for (const id of [started, failed]) await jobs.claim(id);
    await jobs.finish(failed, { status: "failed" });
    for (const id of [cancelled, started, never]) await cancel(id);
    await jobs.at(2);
    await expire(1);
    expect(await jobsEndedInLane(database, 10)).toEqual([
      { ...place, id: cancelled, generation: 1 },
      { id: expired, generation: 1, agent: "test", creatorId: "psy", priority: 1 },
    ]);
    expect(await jobs.row(queued)).toMatchObject({ status: "queued" });
  });

  it("are found in the order of their ids, so many at most, until it is noted that they have left", async () => {
    const ids = Array.from({ length: 4 }, () => newId("job"));
    for (const n of [2, 0, 3, 1]) await cancel(await inLane({ id: ids[n] }));
    const expired = await inLane({ expiresAt: time(-1).toISOString() });
    await expire(1);
    const found = async (limit: number) => (await jobsEndedInLane(database, limit)).map(({ id }) => id);
    expect(await found(3)).toEqual(ids.slice(0, 3));
    const leave = (gone: string[]) =>
      markLeftLane(
        database,
        gone.map((id) => ({ id })),
      );
    await leave(ids.slice(0, 2));
    expect(await found(3)).toEqual([...ids.slice(2), expired]);
    await leave([expired]);
    expect(await found(3)).toEqual(ids.slice(2));
  });

  it("are no others: what waits, runs or has run is noted as it was", async () => {
    const [queued, running, failed, cancelled] = [
      await inLane(),
      await inLane(),
      await inLane(),
      await inLane(),
    ];
    for (const id of [running, failed, cancelled]) await jobs.claim(id);
    await jobs.finish(failed, { status: "failed" });
    await cancel(cancelled);
    const ids = [queued, running, failed, cancelled];
    await markLeftLane(
      database,
      ids.map((id) => ({ id })),
    );
    const waitOrRun = await jobs.rows([queued, running]);
    expect(waitOrRun.map(({ dispatchedAt }) => dispatchedAt)).toEqual([time(0), time(0)]);
    expect(await jobsEndedInLane(database, 10)).toEqual([]);
  });
});
