import { describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { presentJob, readJobs, retryJobs } from "../src/index.ts";
import { JobDatabase, time } from "./job-database.ts";

// Calls are never deleted: each test has jobs of its own.
const jobs = await JobDatabase.open();
const { database } = jobs;

async function call(jobId: string, seconds: number, more: object): Promise<void> {
  await database.prisma.usageLog.create({
    data: {
      ...{ id: newId("call"), jobId, attempt: 1, stepKey: `${seconds}`, creatorId: "psy", feature: "test" },
      ...{ model: "m", serviceTier: "standard", month: new Date("2026-11-01"), priceId: 1, holdUsd: "1" },
      ...{ agentId: "test", startedAt: time(seconds), deadlineAt: time(seconds + 60), ...more },
    },
  });
}

const settled = (tokens: number, costUsd: string) => ({
  ...{ status: "settled", settledAt: time(90), provider: "emulator", costUsd },
  ...{ inputTokens: tokens, cachedTokens: tokens - 1, outputTokens: tokens + 2, thoughtTokens: tokens + 3 },
});

describe("jobs as their readers are told of them", () => {
  it("have their own calls in the order of their start, with costs to the last digit", async () => {
    const [one, other, none] = [await jobs.job(), await jobs.job(), await jobs.job()];
    await call(one, 3, { agentId: "later", status: "started" });
    await call(other, 1, settled(900, "0.5"));
    await call(one, 2, { agentId: "first", ...settled(10, "0.123456789012") });
    await call(one, 2.5, settled(20, "0.000000000001"));

    const rows = await readJobs(database, [one, none]);
    expect(rows.map(({ id }) => id).toSorted()).toEqual([one, none].toSorted());
    const found = rows.find(({ id }) => id === one);
    if (!found) throw new Error("The job is not there.");
    expect(found.calls.map(({ agentId, costUsd }) => [agentId, costUsd])).toEqual([
      ["first", "0.123456789012"],
      ["test", "0.000000000001"],
      ["later", null],
    ]);
    expect(presentJob(found, "gemini", new Date())).toMatchObject({
      provider: "emulator",
      agentsInvolved: ["first", "test", "later"],
      usage: {
        ...{ inputTokens: 30, cachedTokens: 28, outputTokens: 34, thoughtTokens: 36 },
        ...{ costUsd: "0.123456789013", calls: 3 },
      },
    });
    expect(rows.find(({ id }) => id === none)?.calls).toEqual([]);
  });

  it("are told as they are now, queued, running or ended, and not at all where they are gone", async () => {
    const [queued, running, ended] = [await jobs.job(), await jobs.job(), await jobs.job()];
    for (const id of [running, ended]) await jobs.claim(id);
    await jobs.finish(ended, { status: "completed", result: { text: "hello" } });
    const rows = await readJobs(database, [queued, running, ended, "job_gone"]);
    const states = new Map(rows.map((row) => [row.id, presentJob(row, "gemini", new Date())]));
    expect(states.get(queued)).toMatchObject({ status: "queued", waitingFor: "worker", attempts: 0 });
    expect(states.get(running)).toMatchObject({
      status: "running",
      startedAt: time(0).toISOString(),
      attempts: 1,
    });
    expect(states.get(ended)).toMatchObject({
      ...{ status: "completed", result: { text: "hello" }, provider: "gemini" },
      finishedAt: time(0).toISOString(),
    });
    expect(states.size).toBe(3);
    const terms = new Map(rows.map((row) => [row.id, row.terms]));
    expect(terms.get(queued)).toMatchObject({ weight: 1, isPaused: false });
    expect([terms.get(running), terms.get(ended)]).toEqual([null, null]);
  });

  it("have the ends that they had before they were retried, by their events, and none of other jobs", async () => {
    const [retried, other] = [await jobs.job(), await jobs.job()];
    for (const message of ["first", "second"]) {
      for (const id of [retried, other]) {
        await jobs.claim(id);
        await jobs.finish(id, { status: "failed", errorMessage: `${message} of ${id}` });
      }
      await retryJobs(database, { agent: "test" }, 10);
    }
    const { outbox } = await jobs.row(retried);
    const rows = await readJobs(database, [retried, await jobs.job()]);
    const ends = rows.find(({ id }) => id === retried)?.earlierEnds ?? {};
    expect(Object.keys(ends).toSorted()).toEqual(outbox.map(({ id }) => id).toSorted());
    expect(
      Object.values(ends)
        .map(({ message }) => message)
        .toSorted(),
    ).toEqual([`first of ${retried}`, `second of ${retried}`]);
    expect(rows.find(({ id }) => id !== retried)?.earlierEnds).toBeNull();
  });
});
