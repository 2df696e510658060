import { describe, expect, it } from "@jest/globals";
import { expectedCalls } from "@understudy/agents";
import { newId } from "@understudy/database";
import { createJobs } from "@understudy/jobs";
import { Dispatcher } from "@understudy/queues";
import { assertInvariants, eventually } from "@understudy/testkit";
import { countBy, creatorId, ends, rest, stack, withRedis } from "./fault-run.ts";
import {
  entryOf,
  expectNoBurstSince,
  hourly,
  hourMs,
  quick,
  releasedEntries,
  startWith,
  submit,
  submitAtOnce,
  sweptMsMax,
  tokensTaken,
  turn,
} from "./lane-run.ts";

describe("a job whose way was cut short", () => {
  it("between its commit and its lane: a sweep lets it in", async () => {
    await startWith(quick, { workers: 0 });
    const id = newId("job");
    // What the API leaves behind when it dies after the commit.
    await createJobs(stack.database, [
      {
        id,
        agent: "messaging",
        creatorId,
        createCreator: false,
        feature: "fan_message",
        model: "gemini-2.5-flash",
        fanId: "f",
        input: { fanId: "f", message: "Hello" },
        priority: 100,
        inputBytes: 2,
        requiredUsd: "0",
      },
    ]);
    await stack.addWorker();
    await rest();
    expect(await stack.job(id)).toMatchObject({ status: "completed", attempts: 1, usage: { calls: 1 } });
    await assertInvariants(stack, [id]);
  });

  it("between its lane and its queue: it is added again, for the token it has taken", async () => {
    await startWith(hourly(3), { workers: 0 });
    await turn("pause");
    const ids = await submit(3);
    await withRedis(async (redis) => {
      const dispatcher = new Dispatcher(redis, expectedCalls);
      // As by a process that dies before it has added what it was given.
      const { released } = await dispatcher.lanes.move({ pause: [{ creatorId, isPaused: false }] });
      expect(released.map((job) => job.entry)).toEqual(ids.map(entryOf));
      expect(await dispatcher.queue("messaging").getJobCountByTypes("prioritized", "wait", "active")).toBe(0);
    });
    await turn("resume");
    await stack.addWorker();
    await rest();
    expect(await countBy({ id: { in: ids }, status: "completed", attempt: 1 })).toBe(3);
    expect(Math.round(await tokensTaken(hourMs))).toBe(3);
    await assertInvariants(stack, ids);
  });

  it("by an operator who takes it out of its queue: it is added again", async () => {
    await startWith(quick, { workers: 0 });
    const ids = await submit(3);
    await withRedis(async (redis) => {
      const queue = new Dispatcher(redis, expectedCalls).queue("messaging");
      await eventually(async () => expect(await queue.getJobCountByTypes("prioritized")).toBe(3));
      await queue.drain();
      expect(await queue.getJobCountByTypes("prioritized", "wait")).toBe(0);
    });
    await stack.addWorker();
    await rest();
    expect(await ends()).toEqual({ completed: 3 });
    await assertInvariants(stack, ids);
  });
});

describe("a start that nobody heard of", () => {
  it("stops the release of others no longer than a sweep, and is not run again", async () => {
    await startWith(quick);
    const first = await submit(4);
    await rest();
    await eventually(async () => expect(await releasedEntries()).toEqual([]));
    await withRedis(async (redis) => {
      // As many as may be released and not started.
      for (const id of first) await redis.zadd("{lanes}:released", String(Date.now()), entryOf(id));
    });
    const later = await submit(5);
    expect(await countBy({ id: { in: later }, status: "queued" })).toBe(5);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(9), sweptMsMax);
    expect(await countBy({ attempt: 1 })).toBe(9);
    await assertInvariants(stack, [...first, ...later]);
    expect(await stack.database.prisma.usageLog.count()).toBe(9);
  });

  it("of a worker killed with released jobs in its queue: all are run, and end once", async () => {
    await startWith(quick, { environment: { WORKER_CONCURRENCY: "1" } });
    await stack.rule({ match: {}, respond: { delayMs: 1_500 }, times: 1 });
    const ids = await submit(10);
    await eventually(async () => {
      expect(await countBy({ status: "running" })).toBe(1);
      expect((await releasedEntries()).length).toBeGreaterThan(1);
    });
    await stack.workers[0]?.kill();
    await stack.addWorker();
    await rest();
    expect(await ends()).toEqual({ completed: 10 });
    await assertInvariants(stack, ids, 1);
  });
});

describe("Redis", () => {
  const tenASecond = { ratePerHour: 36_000, burst: 10 };

  it("wiped with jobs waiting in lanes: they are let in again, and the bucket is empty", async () => {
    await startWith(tenASecond, { workers: 2 });
    const ids = await submitAtOnce(60);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBeGreaterThanOrEqual(10));
    const wipedAt = Date.now();
    await withRedis((redis) => redis.flushall());
    await rest();
    expect(await ends()).toEqual({ completed: 60 });
    await expectNoBurstSince(wipedAt, 10);
    await assertInvariants(stack, ids);
  });

  it("away while a job is cancelled: the job leaves its lane when Redis is back, not when its turn comes", async () => {
    await startWith(hourly(1), { persistentRedis: true });
    const [first = "", cancelled = "", last = ""] = await submit(3);
    await eventually(async () => expect((await stack.job(first)).status).toBe("completed"));
    const waiting = () => withRedis((redis) => redis.zrange(`{lanes}:lane:${creatorId}`, "0", "-1"));
    expect(await waiting()).toEqual([entryOf(cancelled), entryOf(last)]);
    await stack.redis.kill();
    expect((await stack.request("DELETE", `/api/ai/jobs/${cancelled}`)).status).toBe(200);
    await stack.redis.restart();
    await eventually(async () => expect(await waiting()).toEqual([entryOf(last)]), sweptMsMax);
    await eventually(async () =>
      expect(await countBy({ id: cancelled, dispatchedAt: null, status: "cancelled" })).toBe(1),
    );
  });
});
