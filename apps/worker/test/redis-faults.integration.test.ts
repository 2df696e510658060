import { describe, expect, it } from "@jest/globals";
import { assertInvariants, eventually, startLink, startRedisPair, throughLink } from "@understudy/testkit";
import { countBy, ends, openCalls, rest, stack, start, submitMany } from "./fault-run.ts";

const outputOf = () => [stack.api, ...stack.workers].map((process) => process.output()).join("");

describe("Redis behind a stable address", () => {
  it("fails over while all sockets live: work goes on within 30 s, with a few lines that name the cause", async () => {
    const pair = await startRedisPair();
    await start({ redis: { ...pair.primary(), url: pair.url } });
    try {
      const early = await submitMany(3);
      await eventually(async () => expect(await countBy({ status: "completed" })).toBe(3));
      // Taken before: what writes at that very moment is refused at once, and one line in ten seconds tells of it.
      const printed = outputOf().length;
      await pair.failOver();
      const failedOverAt = Date.now();
      const ids = await submitMany(20);
      await rest();
      expect(Date.now() - failedOverAt).toBeLessThan(30_000);
      expect(await ends()).toEqual({ completed: 23 });
      const lines = outputOf().slice(printed).split("\n");
      expect(lines.length).toBeLessThan(100);
      expect(lines.filter((line) => /"redis":"READONLY"/.test(line)).length).toBeGreaterThan(0);
      await assertInvariants(stack, [...early, ...ids]);
    } finally {
      await pair.remove();
    }
  });

  it("swallows what it is told on connections that are there: they are made anew", async () => {
    const link = await startLink();
    await start({ environment: ({ redis }) => ({ REDIS_URL: throughLink(link, redis.url) }) });
    try {
      const early = await submitMany(3);
      await eventually(async () => expect(await countBy({ status: "completed" })).toBe(3));
      link.swallow();
      const swallowedAt = Date.now();
      const ids = await submitMany(20);
      await rest();
      expect(Date.now() - swallowedAt).toBeLessThan(45_000);
      expect(await ends()).toEqual({ completed: 23 });
      await assertInvariants(stack, [...early, ...ids]);
    } finally {
      await link.close();
    }
  });
});

describe("a worker told to stop while Redis is away", () => {
  it("gives back what it runs and ends with 0", async () => {
    await start({ environment: { WORKER_STOP_SECONDS: "2", WORKER_ATTEMPT_SECONDS: "8" } });
    await stack.rule({ match: {}, respond: { delayMs: 30_000 }, times: 3 });
    const ids = await submitMany(3);
    await eventually(async () => expect(await openCalls()).toBe(3));
    await stack.redis.kill();
    expect(await stack.workers[0]?.stop()).toBe(0);
    expect(await countBy({ status: "queued", crashes: 0 })).toBe(3);
    await stack.redis.restart();
    await stack.addWorker();
    await rest();
    expect(await ends()).toEqual({ completed: 3 });
    await assertInvariants(stack, ids, 3);
  });
});
