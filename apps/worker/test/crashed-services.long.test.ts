import { describe, expect, it } from "@jest/globals";
import { assertInvariants, cutAppendOnlyFile, eventually } from "@understudy/testkit";
import { countBy, ends, rest, stack, start, startOwnPostgres, submitMany } from "./fault-run.ts";

describe("Redis, crashed with the end of its file lost", () => {
  it("has forgotten jobs in lanes, in queues and under way: all end", async () => {
    // Three at once of 40, so that some stand in each place.
    await start({
      persistentRedis: true,
      environment: { WORKER_CONCURRENCY: "3", WORKER_ATTEMPT_SECONDS: "25" },
    });
    await stack.rule({ match: {}, respond: { delayMs: 1_000 } });
    const ids = await submitMany(40);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBeGreaterThan(3));
    await stack.redis.kill();
    // Of what was written since the jobs came, about the half.
    expect(cutAppendOnlyFile(stack.redis, 40_000)).toBe(40_000);
    await stack.redis.restart();
    await stack.dropRules();
    await rest();
    expect(await ends()).toEqual({ completed: 40 });
    expect(await countBy({ crashes: { gt: 0 } })).toBe(0);
    await assertInvariants(stack, ids);
  });

  it("has forgotten all that it ever wrote: all end", async () => {
    await start({
      persistentRedis: true,
      environment: { WORKER_CONCURRENCY: "3", WORKER_ATTEMPT_SECONDS: "25" },
    });
    await stack.rule({ match: {}, respond: { delayMs: 500 } });
    const ids = await submitMany(20);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBeGreaterThan(3));
    await stack.redis.kill();
    cutAppendOnlyFile(stack.redis, Number.MAX_SAFE_INTEGER);
    await stack.redis.restart();
    await rest();
    expect(await ends()).toEqual({ completed: 20 });
    await assertInvariants(stack, ids);
  });
});

describe("Postgres, restarted as after a crash (immediate)", () => {
  it("with jobs under way, again and again: no job fails, no paid answer is lost, no call is paid twice", async () => {
    const postgres = await startOwnPostgres();
    await start({ postgresUrl: postgres.url, workers: 2, environment: { WORKER_ATTEMPT_SECONDS: "25" } });
    await stack.rule({ match: {}, respond: { delayMs: 200 } });
    const ids = await submitMany(5);
    for (const round of [1, 2, 3]) {
      await eventually(async () => expect(await countBy({ status: "completed" })).toBeGreaterThan(0));
      const restarting = postgres.restart("immediate");
      // Meanwhile apps go on.
      for (let n = 0; n < 10; n++) {
        const body = {
          creatorId: "psy",
          input: { fanId: "f", message: `Round ${round}, number ${n}, hello?` },
        };
        const key = { "idempotency-key": `${round}-${n}` };
        ids.push(
          await eventually(async () => {
            const answer = await stack.request("POST", "/api/ai/agents/messaging/jobs", body, key);
            expect(answer.status).toBe(202);
            return ((await answer.json()) as { id: string }).id;
          }),
        );
      }
      await restarting;
    }
    await rest();
    expect(await ends()).toEqual({ completed: 35 });
    expect(await countBy({ crashes: { gt: 0 } })).toBe(0);
    // One whose opening was not heard is given back, and was never sent.
    const settled = await stack.database.prisma.usageLog.count({ where: { status: "settled" } });
    expect(settled).toBe(35);
    await assertInvariants(stack, ids, (await stack.database.prisma.usageLog.count()) - settled);
  });
});
