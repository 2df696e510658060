import { describe, expect, it } from "@jest/globals";
import { withChildren } from "@understudy/local-services";
import { assertInvariants, eventually, freeze } from "@understudy/testkit";
import {
  countBy,
  ends,
  openCalls,
  rest,
  stack,
  start,
  startOwnPostgres,
  submitMany,
  withRedis,
} from "./fault-run.ts";

describe("Redis", () => {
  it("away: jobs are accepted all the same, and dispatched when it is back", async () => {
    await start({ persistentRedis: true });
    await stack.redis.kill();
    const ids = await submitMany(10);
    expect(await (await fetch(`${stack.url}/readyz`)).json()).toEqual({
      status: "degraded",
      dependencies: { postgres: "ok", redis: "away" },
    });
    await stack.redis.restart();
    await rest();
    await assertInvariants(stack, ids);
  });

  it("wiped, idle and in mid-run: everything is dispatched again from Postgres", async () => {
    await start({ environment: { WORKER_CONCURRENCY: "3" } });
    await withRedis((redis) => redis.flushall());
    await stack.rule({ match: {}, respond: { delayMs: 200 } });
    const ids = await submitMany(40);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBeGreaterThan(3));
    await withRedis((redis) => redis.flushall());
    await rest();
    expect(await ends()).toEqual({ completed: 40 });
    await assertInvariants(stack, ids);
  });

  it("killed and restarted in mid-run: nothing is lost", async () => {
    await start({ persistentRedis: true, workers: 2, environment: { WORKER_CONCURRENCY: "3" } });
    await stack.rule({ match: {}, respond: { delayMs: 200 } });
    const ids = await submitMany(60);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBeGreaterThan(3));
    await stack.redis.kill();
    await stack.redis.restart();
    await rest();
    expect(await ends()).toEqual({ completed: 60 });
    await assertInvariants(stack, ids);
  });

  it("out of memory: still 202, and degraded", async () => {
    await start();
    await withRedis((redis) => redis.config("SET", "maxmemory", "1mb"));
    const ids = await submitMany(5);
    expect(((await (await fetch(`${stack.url}/readyz`)).json()) as { status: string }).status).toBe(
      "degraded",
    );
    await withRedis((redis) => redis.config("SET", "maxmemory", "0"));
    await rest();
    await assertInvariants(stack, ids);
  });
});

describe("Postgres", () => {
  it("away: no 202, and no paid answer is thrown away; back: all goes on", async () => {
    const postgres = await startOwnPostgres();
    await start({ postgresUrl: postgres.url, environment: { WORKER_ATTEMPT_SECONDS: "30" } });
    const [first = ""] = await submitMany(1);
    await eventually(async () => expect((await stack.job(first)).status).toBe("completed"));
    await stack.rule({ match: {}, respond: { delayMs: 6_000 }, times: 20 });
    const ids = await submitMany(20);
    await eventually(async () => expect(await openCalls()).toBe(20));
    await postgres.kill();

    const refused = await stack.request("POST", "/api/ai/chat", {
      creatorId: "psy",
      fanId: "f",
      message: "hi",
    });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(await refused.json()).toMatchObject({ code: "unavailable", retryable: true });
    expect((await fetch(`${stack.url}/readyz`)).status).toBe(503);

    await postgres.restart();
    await rest();
    expect(await ends()).toEqual({ completed: 21 });
    // All were answered while Postgres was away, and none of the answers was lost.
    await assertInvariants(stack, [first, ...ids], 0);
  });

  it("hanging: 503 in bounded time, and all goes on when it answers again", async () => {
    const postgres = await startOwnPostgres();
    await start({ postgresUrl: postgres.url });
    const ids = await submitMany(5);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(5));
    const thaw = freeze(withChildren(postgres.pid()));
    const refused = await stack.request("POST", "/api/ai/chat", {
      creatorId: "psy",
      fanId: "f",
      message: "hi",
    });
    expect(refused.status).toBe(503);
    thaw();
    ids.push(...(await submitMany(5)));
    await rest();
    await assertInvariants(stack, ids);
  });
});
