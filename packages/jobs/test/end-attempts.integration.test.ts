import { beforeEach, describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import type { JobEnd } from "@understudy/ledger";
import { endJobs } from "../../ledger/test/end-jobs.ts";
import { JobDatabase, time } from "./job-database.ts";

const jobs = await JobDatabase.open();
const { database } = jobs;

beforeEach(() => jobs.at(0));

async function running(): Promise<string> {
  const id = await jobs.job();
  await jobs.claim(id);
  return id;
}

const completed = (id: string, attempt = 1): JobEnd => ({
  id,
  attempt,
  status: "completed",
  result: { text: id },
  eventId: newId("evt"),
});

const endedNow = (ends: JobEnd[], on = database) => endJobs(on, ends);

describe("jobs that end together", () => {
  it("end each in its own way, each with an event of its own", async () => {
    const ids = [await running(), await running(), await running()];
    const [one = "", two = "", three = ""] = ids;
    await jobs.at(7);
    const failed = {
      status: "failed",
      errorCode: "quota_exceeded",
      errorMessage: "No room.",
      errorRetryable: true,
      errorResetsAt: time(900),
      errorStep: "draft",
    } as const;
    const blocked = {
      status: "blocked",
      errorCode: "safety",
      errorMessage: "No.",
      errorRetryable: false,
    } as const;
    const ends: JobEnd[] = [
      completed(one),
      { id: two, attempt: 1, ...failed, eventId: newId("evt") },
      { id: three, attempt: 1, ...blocked, eventId: newId("evt") },
    ];
    expect(await endedNow([...ends].reverse())).toEqual([true, true, true]);
    const none = {
      errorCode: null,
      errorMessage: null,
      errorRetryable: null,
      errorResetsAt: null,
      errorStep: null,
    };
    const outbox = (n: number, type: string) => [
      { id: ends[n]?.eventId, type, creatorId: "psy", jobId: ids[n], payload: null, createdAt: time(7) },
    ];
    expect(await jobs.rows(ids)).toMatchObject([
      {
        status: "completed",
        result: { text: one },
        ...none,
        finishedAt: time(7),
        outbox: outbox(0, "job.completed"),
      },
      { ...failed, result: null, finishedAt: time(7), outbox: outbox(1, "job.failed") },
      { ...none, ...blocked, result: null, finishedAt: time(7), outbox: outbox(2, "job.blocked") },
    ]);
  });

  it("never wait for each other, in whatever order they come", async () => {
    const ids = Array.from({ length: 10 }, () => newId("job"));
    await jobs.create(ids.map((id) => ({ id })).reverse());
    for (const id of ids) await jobs.claim(id);
    const late = await jobs.during(
      (open) => endedNow([completed(String(ids[0]))], open),
      () => endedNow([...ids].reverse().map((id) => completed(id))),
      (open) =>
        endedNow(
          ids.slice(1).map((id) => completed(id)),
          open,
        ),
    );
    expect(late).toEqual(Array(10).fill(false));
  });
});

describe("an attempt that is fenced off", () => {
  it("ends nothing: an earlier one, one that gave the job back, one of a job that has ended", async () => {
    const [taken, back, over, open] = [await running(), await running(), await running(), await running()];
    await jobs.takeOver(taken);
    await jobs.claim(taken);
    await jobs.putOff(back, 1);
    await jobs.finish(over, { status: "failed" });
    const before = await jobs.rows([taken, back, over]);
    expect(await endedNow([taken, back, over, open].map((id) => completed(id)))).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect(await endedNow([completed(taken, 3)])).toEqual([false]);
    expect(await jobs.rows([taken, back, over])).toEqual(before);
  });

  it("ends nothing twice: a write that is sent again finds its job ended", async () => {
    const id = await running();
    const again = await jobs.during(
      (open) => endedNow([completed(id)], open),
      () => endedNow([completed(id)]),
    );
    expect(again).toEqual([false]);
    expect((await jobs.row(id)).outbox).toHaveLength(1);
  });

  it("gives nothing back", async () => {
    const [taken, back, over] = [await running(), await running(), await running()];
    await jobs.takeOver(taken);
    await jobs.claim(taken);
    await jobs.putOff(back, 1);
    await jobs.finish(over);
    const before = await jobs.rows([taken, back, over]);
    for (const id of [taken, back, over]) {
      expect(await jobs.putOff(id, 1, { waitingFor: "provider" })).toBe(false);
    }
    expect(await jobs.rows([taken, back, over])).toEqual(before);
  });
});

describe("a job that is put off", () => {
  it("stands in no queue until its time has come, and says what it waits for", async () => {
    const [id, other] = [await running(), await running()];
    await jobs.at(5);
    expect(await jobs.putOff(id, 1, { waitingFor: "provider", delayMs: 1_500 })).toBe(true);
    expect(await jobs.rows([id, other])).toMatchObject([
      {
        ...{ status: "queued", waitingFor: "provider", neededUsd: null, attempt: 1, tries: 0 },
        ...{ startedAt: time(0), dispatchedAt: null, runAt: time(6.5), generation: 2, hasToken: true },
      },
      { status: "running", waitingFor: null, generation: 1 },
    ]);
  });

  it("has used up a try where its attempt has failed", async () => {
    const id = await running();
    await jobs.putOff(id, 1, { isTry: true });
    await jobs.claim(id);
    await jobs.putOff(id, 2, { isTry: true });
    expect(await jobs.row(id)).toMatchObject({ tries: 2 });
  });

  it("leaves its queue where it waits for room; without a call it has not begun", async () => {
    const [calling, idle] = [await running(), await running()];
    await makeCall(calling);
    for (const id of [calling, idle]) {
      expect(await jobs.putOff(id, 1, { waitingFor: "quota", neededUsd: "0.75" })).toBe(true);
    }
    const waiting = { status: "queued", waitingFor: "quota", dispatchedAt: null, generation: 2 };
    const rows = await jobs.rows([calling, idle]);
    expect(rows).toMatchObject([
      { ...waiting, startedAt: time(0) },
      { ...waiting, startedAt: null },
    ]);
    expect(rows.map(({ neededUsd }) => neededUsd?.toFixed())).toEqual(["0.75", "0.75"]);
  });
});

/** A call of the job's first attempt. */
async function makeCall(jobId: string): Promise<void> {
  const price = await database.prisma.price.findFirstOrThrow({ where: { serviceTier: "standard" } });
  await database.prisma.usageLog.create({
    data: {
      ...{ id: newId("call"), jobId, attempt: 1, stepKey: "prompt", creatorId: "psy", agentId: "test_ai" },
      ...{ feature: "test", model: price.model, serviceTier: "standard", priceId: price.id, holdUsd: 1 },
      ...{ month: new Date("2026-11-01"), startedAt: time(0), deadlineAt: time(60) },
    },
  });
}
