import { describe, expect, it } from "@jest/globals";
import { Dispatcher } from "@understudy/queues";
import { assertInvariants, eventually } from "@understudy/testkit";
import { countBy, ends, rest, stack, withRedis } from "./fault-run.ts";
import {
  expectNoBurstSince,
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
      const queue = new Dispatcher(redis).queue("messaging");
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

describe("Redis", () => {
  it("wiped again and again with a thousand jobs waiting, a worker killed: no burst, and all end once", async () => {
    const perSecond = 30;
    await startWith({ ratePerHour: perSecond * 3_600, burst: 60 }, { workers: 3 });
    const ids = await submitAtOnce(1_000);
    let wipedAt: number | undefined;
    for (const done of [100, 300, 500]) {
      await eventually(async () => expect(await countBy({ status: "completed" })).toBeGreaterThan(done));
      if (wipedAt !== undefined) await expectNoBurstSince(wipedAt, perSecond);
      wipedAt = Date.now();
      await withRedis((redis) => redis.flushall());
      if (done === 300) await stack.workers.shift()?.kill();
    }
    await rest(140_000);
    expect(await ends()).toEqual({ completed: 1_000 });
    // A bucket that was not empty would let sixty more go.
    await expectNoBurstSince(wipedAt ?? 0, perSecond);
    const lost = await stack.database.prisma.usageLog.count({ where: { status: "unknown" } });
    await assertInvariants(stack, ids, lost);
  }, 300_000);
});
