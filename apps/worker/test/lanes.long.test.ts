import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { expectedCalls } from "@understudy/agents";
import { Dispatcher } from "@understudy/queues";
import { assertInvariants, eventually } from "@understudy/testkit";
import { countBy, ends, rest, stack, withRedis } from "./fault-run.ts";
import {
  expectNoBurstSince,
  expectWithinBucket,
  hourly,
  hourMs,
  quick,
  startWith,
  submit,
  submitAtOnce,
  tokensTaken,
} from "./lane-run.ts";

describe("a token", () => {
  it("is taken once for a job whose worker dies", async () => {
    await startWith(hourly(5));
    await stack.rule({ match: { contains: "number 1" }, respond: { delayMs: 4_000 }, times: 1 });
    const ids = await submit(3);
    await eventually(async () =>
      expect(await stack.job(ids[1] ?? "")).toMatchObject({ status: "running", usage: { calls: 1 } }),
    );
    await stack.workers[0]?.kill();
    await stack.addWorker();
    await rest();
    expect(await ends()).toEqual({ completed: 3 });
    expect(await countBy({ attempt: { gt: 1 } })).toBeGreaterThan(0);
    expect(Math.round(await tokensTaken(hourMs))).toBe(3);
    const lost = await stack.database.prisma.usageLog.count({ where: { status: "unknown" } });
    expect(lost).toBeLessThanOrEqual(3);
    await assertInvariants(stack, ids, lost);
  });
});

describe("a job that waits to be attempted again", () => {
  it("is added again where an operator took it out of its queue", async () => {
    await startWith(quick);
    await stack.rule({ match: {}, respond: { status: 429, retryDelay: "20s" }, times: 1 });
    const [id = ""] = await submit(1);
    await eventually(async () =>
      expect(await stack.job(id)).toMatchObject({ status: "queued", waitingFor: "provider" }),
    );
    await withRedis(async (redis) => {
      const queue = new Dispatcher(redis, expectedCalls).queue("messaging");
      await eventually(async () => {
        await (await queue.getJob(`${id}-g1`))?.remove();
        expect(await queue.getJob(`${id}-g1`)).toBeUndefined();
      });
    });
    await rest();
    expect(await ends()).toEqual({ completed: 1 });
    await assertInvariants(stack, [id]);
  });
});

describe("a thousand jobs", () => {
  it("all end once and without a burst: Redis wiped and restarted, two workers killed, none for 20 s", async () => {
    const [burst, perSecond] = [60, 30];
    await startWith({ ratePerHour: perSecond * 3_600, burst }, { workers: 3, persistentRedis: true });
    const ids = await submitAtOnce(1_000);
    const completed = (count: number) =>
      eventually(async () => expect(await countBy({ status: "completed" })).toBeGreaterThan(count));

    await completed(100);
    let wipedAt = Date.now();
    await withRedis((redis) => redis.flushall());
    await completed(200);
    await expectNoBurstSince(wipedAt, perSecond);

    // At once: a job that dies with two workers is not tried again.
    await Promise.all(stack.workers.splice(0, 2).map((worker) => worker.kill()));
    await stack.redis.kill();
    await stack.redis.restart();
    await completed(350);

    wipedAt = Date.now();
    await withRedis((redis) => redis.flushall());
    await completed(450);
    await stack.workers.shift()?.stop();
    await sleep(20_000);
    await stack.addWorker();
    await rest(140_000);

    expect(await ends()).toEqual({ completed: 1_000 });
    await expectNoBurstSince(wipedAt, perSecond);
    await expectWithinBucket(burst, perSecond);
    const lost = await stack.database.prisma.usageLog.count({ where: { status: "unknown" } });
    await assertInvariants(stack, ids, lost);
  }, 300_000);
});
