import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  eventually,
  type Link,
  type RedisPair,
  startLink,
  startRedisPair,
  throughLink,
} from "@understudy/testkit";
import {
  addWorker,
  assertRun,
  countBy,
  ends,
  openCalls,
  rest,
  shareStack,
  stack,
  startWorkers,
  submitMany,
} from "./fault-run.ts";

let pair: RedisPair;
/** Of API and workers alone. */
let link: Link;

beforeAll(async () => {
  pair = await startRedisPair();
  link = await startLink();
});

shareStack(() => ({
  redis: { ...pair.primary(), url: pair.url },
  environment: { REDIS_URL: throughLink(link, pair.url) },
}));

// After that of the stack.
afterAll(async () => {
  await link.close();
  await pair.remove();
});

const settings = { WORKER_STOP_SECONDS: "2", WORKER_ATTEMPT_SECONDS: "15" };

const outputOf = () => [stack.api, ...stack.workers].map((process) => process.output()).join("");

describe("a worker told to stop while Redis is away", () => {
  it("gives back what it runs and ends with 0", async () => {
    await startWorkers(1, settings);
    await stack.rule({ match: {}, respond: { delayMs: 30_000 }, times: 3 });
    const ids = await submitMany(3);
    await eventually(async () => expect(await openCalls()).toBe(3));
    await stack.redis.kill();
    expect(await stack.workers[0]?.stop()).toBe(0);
    expect(await countBy({ status: "queued", crashes: 0 })).toBe(3);
    await stack.redis.restart();
    await addWorker();
    await rest();
    expect(await ends()).toEqual({ completed: 3 });
    await assertRun(ids, 3);
  });
});

describe("Redis behind a stable address", () => {
  it("swallows what it is told on connections that are there: they are made anew", async () => {
    await startWorkers(1, settings);
    const early = await submitMany(3);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(3));
    link.swallow();
    const swallowedAt = Date.now();
    const ids = await submitMany(20);
    await rest();
    expect(Date.now() - swallowedAt).toBeLessThan(45_000);
    expect(await ends()).toEqual({ completed: 23 });
    await assertRun([...early, ...ids]);
  });

  it("fails over while all sockets live: work goes on within 30 s, with a few lines that name the cause", async () => {
    await startWorkers(1, settings);
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
    await assertRun([...early, ...ids]);
  });
});
