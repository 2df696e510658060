import { describe, expect, it } from "@jest/globals";
import { withChildren } from "@understudy/local-services";
import { eventually, freeze } from "@understudy/testkit";
import {
  assertRun,
  countBy,
  creatorId,
  ends,
  openCalls,
  ownPostgres,
  rest,
  shareStack,
  stack,
  startWorkers,
  submitMany,
  withRedis,
} from "./fault-run.ts";

shareStack(() => ({ hasOwnPostgres: true, persistentRedis: true }));

/** So few at once that jobs stand in lanes and queues as well. */
const few = { WORKER_CONCURRENCY: "3", WORKER_ATTEMPT_SECONDS: "30" };

const many = { WORKER_ATTEMPT_SECONDS: "30" };

describe("Redis", () => {
  it("away: jobs are accepted all the same, and dispatched when it is back", async () => {
    await startWorkers(1, few);
    await stack.redis.kill();
    const ids = await submitMany(10);
    expect(await (await fetch(`${stack.url}/readyz`)).json()).toEqual({
      status: "degraded",
      dependencies: { postgres: "ok", redis: "away" },
    });
    await stack.redis.restart();
    await rest();
    await assertRun(ids);
  });

  it("wiped, idle and in mid-run: everything is dispatched again from Postgres", async () => {
    await startWorkers(1, few);
    await withRedis((redis) => redis.flushall());
    await stack.rule({ match: {}, respond: { delayMs: 200 } });
    const ids = await submitMany(40);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBeGreaterThan(3));
    await withRedis((redis) => redis.flushall());
    await rest();
    expect(await ends()).toEqual({ completed: 40 });
    await assertRun(ids);
  });

  it("killed and restarted in mid-run: nothing is lost", async () => {
    await startWorkers(2, few);
    await stack.rule({ match: {}, respond: { delayMs: 200 } });
    const ids = await submitMany(60);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBeGreaterThan(3));
    await stack.redis.kill();
    await stack.redis.restart();
    await rest();
    expect(await ends()).toEqual({ completed: 60 });
    await assertRun(ids);
  });

  it("out of memory: still 202, and degraded", async () => {
    await startWorkers(2, few);
    await withRedis((redis) => redis.config("SET", "maxmemory", "1mb"));
    const ids = await submitMany(5);
    expect(((await (await fetch(`${stack.url}/readyz`)).json()) as { status: string }).status).toBe(
      "degraded",
    );
    await withRedis((redis) => redis.config("SET", "maxmemory", "0"));
    await rest();
    await assertRun(ids);
  });
});

describe("Postgres", () => {
  it("away: no 202, and no paid answer is thrown away; back: all goes on", async () => {
    await startWorkers(1, many);
    const [first = ""] = await submitMany(1);
    await eventually(async () => expect((await stack.job(first)).status).toBe("completed"));
    await stack.rule({ match: {}, respond: { delayMs: 6_000 }, times: 20 });
    const ids = await submitMany(20);
    await eventually(async () => expect(await openCalls()).toBe(20));
    await ownPostgres().kill();

    const refused = await stack.request("POST", "/api/ai/chat", {
      creatorId,
      fanId: "f",
      message: "hi",
    });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(await refused.json()).toMatchObject({ code: "unavailable", retryable: true });
    expect((await fetch(`${stack.url}/readyz`)).status).toBe(503);

    await ownPostgres().restart();
    await rest();
    expect(await ends()).toEqual({ completed: 21 });
    // All were answered while Postgres was away, and none of the answers was lost.
    await assertRun([first, ...ids], 0);
  });

  it("hanging: 503 in bounded time, and all goes on when it answers again", async () => {
    await startWorkers(1, many);
    const ids = await submitMany(5);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(5));
    const thaw = freeze(withChildren(ownPostgres().pid()));
    const refused = await stack.request("POST", "/api/ai/chat", {
      creatorId,
      fanId: "f",
      message: "hi",
    });
    expect(refused.status).toBe(503);
    thaw();
    ids.push(...(await submitMany(5)));
    await rest();
    await assertRun(ids);
  });
});
