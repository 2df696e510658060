import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, it } from "@jest/globals";
import { terminalStatuses } from "@understudy/contracts";
import type { RunningPostgres } from "@understudy/local-services";
import { agentQueue, connectRedis, Dispatcher } from "@understudy/queues";
import {
  assertInvariants,
  eventually,
  type Stack,
  type StackOptions,
  startStack,
  startTestPostgres,
} from "@understudy/testkit";
import pg from "pg";

let stack: Stack;

/** Of a test that crashes it. */
let postgres: RunningPostgres | undefined;

afterEach(async () => {
  await stack.stop();
  await postgres?.remove();
  postgres = undefined;
});

async function start(options: StackOptions = {}): Promise<void> {
  stack = await startStack({
    ...options,
    environment: { WORKER_ATTEMPT_SECONDS: "5", ...options.environment },
  });
  await stack.request("PUT", "/api/ai/creators/psy", {
    plan: "business",
    bucket: { ratePerHour: 1_000_000, burst: 1000 },
  });
}

function submitMany(count: number): Promise<string[]> {
  const input = (index: number) => ({
    fanId: `fan_${index}`,
    message: `Hello number ${index}, when is the next show?`,
  });
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      stack.submit("messaging", { creatorId: "psy", input: input(index) }),
    ),
  );
}

const countBy = (where: object) => stack.database.prisma.job.count({ where });

/** How the jobs have ended, with the reasons of those that failed. */
async function ends(): Promise<Record<string, number>> {
  const groups = await stack.database.prisma.job.groupBy({ by: ["status", "errorCode"], _count: true });
  return Object.fromEntries(groups.map((group) => [group.errorCode ?? group.status, group._count]));
}

/** Until every job has ended and no call is open. */
function rest(timeoutMs = 90_000): Promise<void> {
  return eventually(async () => {
    expect(await countBy({ status: { notIn: [...terminalStatuses] } })).toBe(0);
    expect(await stack.database.prisma.usageLog.count({ where: { status: "started" } })).toBe(0);
  }, timeoutMs);
}

async function withRedis<Result>(
  use: (redis: ReturnType<typeof connectRedis>) => Promise<Result>,
): Promise<Result> {
  const redis = connectRedis(stack.redis.url, "consumer");
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** Holds the creator's account locked: whoever opens or settles a call waits. */
async function lockAccount(): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  await client.query("BEGIN");
  await client.query(`SELECT FROM "MonthlySpend" FOR UPDATE`);
  return () => client.end();
}

describe("a worker killed by -9", () => {
  it("with calls under way: its jobs run again within 15 s, the lost calls become unknown", async () => {
    await start({ workers: 2 });
    await stack.rule({ match: {}, respond: { delayMs: 1_500 }, times: 60 });
    const ids = await submitMany(60);
    await eventually(async () => expect(await countBy({ status: "running" })).toBeGreaterThan(50));
    const interrupted = await stack.database.prisma.job.findMany({ where: { status: "running" } });
    await stack.workers[0]?.kill();
    const killedAt = Date.now();
    await eventually(async () => {
      const again = await stack.database.prisma.job.findMany({
        where: { id: { in: interrupted.map((job) => job.id) } },
      });
      expect(again.filter((job) => job.status === "running" && job.attempt === 1)).toEqual([]);
    }, 30_000);
    expect(Date.now() - killedAt).toBeLessThan(16_000);
    await rest();
    expect(await ends()).toEqual({ completed: 60 });
    await assertInvariants(stack, ids, interrupted.length);
  });

  it("before its intent is written: nothing was sent, and nothing is on record of it", async () => {
    await start();
    const [first = ""] = await submitMany(1);
    await eventually(async () => expect((await stack.job(first)).status).toBe("completed"));
    const unlock = await lockAccount();
    const ids = await submitMany(5);
    await eventually(async () => expect(await countBy({ status: "running" })).toBe(5));
    await stack.workers[0]?.kill();
    await unlock();
    await stack.addWorker();
    await rest();
    await assertInvariants(stack, [first, ...ids], 5);
    expect(await ends()).toEqual({ completed: 6 });
  });

  it("with its answer received, but not committed: the call is unknown, its bound is right, the job is done again", async () => {
    await start();
    const [first = ""] = await submitMany(1);
    await eventually(async () => expect((await stack.job(first)).status).toBe("completed"));
    await stack.rule({ match: {}, respond: { delayMs: 1_000 }, times: 5 });
    const ids = await submitMany(5);
    await eventually(async () =>
      expect(await stack.database.prisma.usageLog.count({ where: { status: "started" } })).toBe(5),
    );
    const unlock = await lockAccount();
    await eventually(async () => {
      const { rows } = await withClient((client) =>
        client.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"),
      );
      expect(rows.length).toBeGreaterThan(0);
    });
    await stack.workers[0]?.kill();
    await unlock();
    await stack.addWorker();
    await rest();
    await assertInvariants(stack, [first, ...ids], 5);
    expect(await ends()).toEqual({ completed: 6 });
  });

  it("with the end committed, but BullMQ not told: not run or told again", async () => {
    await start();
    await stack.rule({ match: {}, respond: { delayMs: 1_000 }, times: 5 });
    const ids = await submitMany(5);
    await eventually(async () => expect(await countBy({ status: "running" })).toBe(5));
    process.kill(stack.redis.pid(), "SIGSTOP");
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(5));
    await stack.workers[0]?.kill();
    process.kill(stack.redis.pid(), "SIGCONT");
    await stack.addWorker();
    await eventually(() =>
      withRedis(async (redis) => {
        const { queue } = { queue: new Dispatcher(redis).queue("messaging") };
        expect(await queue.getJobCounts("active", "wait", "prioritized", "completed")).toMatchObject({
          active: 0,
          completed: 5,
        });
      }),
    );
    await assertInvariants(stack, ids);
    expect(await stack.database.prisma.usageLog.count()).toBe(5);
  });

  it("again and again by one job: that job is quarantined, the others are done", async () => {
    await start({ environment: { WORKER_ATTEMPT_SECONDS: "60" } });
    await stack.rule({ match: { contains: "number 0," }, respond: { hang: true } });
    const [poison = "", ...others] = await submitMany(4);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(3));
    for (const attempt of [1, 2]) {
      await eventually(async () =>
        expect(await stack.job(poison)).toMatchObject({ status: "running", attempts: attempt }),
      );
      await eventually(async () =>
        expect(await stack.database.prisma.usageLog.count({ where: { jobId: poison } })).toBe(attempt),
      );
      await stack.workers.at(-1)?.kill();
      await stack.addWorker();
    }
    await eventually(async () =>
      expect(await stack.job(poison)).toMatchObject({ status: "failed", error: { code: "worker_crashed" } }),
    );
    expect(await countBy({ id: { in: others }, status: "completed" })).toBe(3);
  });
});

describe("a worker told to stop under load", () => {
  it("drains, then gives the rest back: nothing is lost or paid twice", async () => {
    await start({ environment: { WORKER_STOP_SECONDS: "1", WORKER_ATTEMPT_SECONDS: "30" } });
    await stack.rule({ match: { contains: "number 1" }, respond: { delayMs: 20_000 }, times: 1 });
    const ids = await submitMany(80);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBeGreaterThan(5));
    expect(await stack.workers[0]?.stop()).toBe(0);
    expect(await countBy({ status: "running" })).toBe(0);
    await stack.addWorker();
    await rest();
    expect(await ends()).toEqual({ completed: 80 });
    expect(await stack.database.prisma.job.aggregate({ _sum: { crashes: true } })).toEqual({
      _sum: { crashes: 0 },
    });
    await assertInvariants(stack, ids, 1);
  });
});

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

describe("the API killed by -9", () => {
  it("has committed whatever it answered with 202", async () => {
    await start();
    const accepted: string[] = [];
    let killed = false;
    const client = async (name: number) => {
      for (let count = 0; !killed; count++) {
        const input = { fanId: "f", message: `client ${name}, message ${count}` };
        await stack.submit("messaging", { creatorId: "psy", input }).then(
          (id) => accepted.push(id),
          () => {},
        );
      }
    };
    const clients = Array.from({ length: 8 }, (_, name) => client(name));
    await eventually(() => expect(accepted.length).toBeGreaterThan(50));
    await stack.api.kill();
    killed = true;
    await Promise.all(clients);
    await stack.restartApi();
    await rest();
    await assertInvariants(stack, accepted);
  });
});

describe("a worker that hangs, and comes back as a zombie", () => {
  it("finds its jobs taken over: its results are rejected, its costs recorded", async () => {
    await start({ workers: 1, environment: { WORKER_ATTEMPT_SECONDS: "60" } });
    await stack.rule({ match: {}, respond: { delayMs: 1_000 }, times: 5 });
    const ids = await submitMany(5);
    await eventually(async () =>
      expect(await stack.database.prisma.usageLog.count({ where: { status: "started" } })).toBe(5),
    );
    stack.workers[0]?.signal("SIGSTOP");
    await stack.addWorker();
    await eventually(async () => expect(await countBy({ status: "completed", attempt: 2 })).toBe(5), 60_000);
    stack.workers[0]?.signal("SIGCONT");
    await rest();
    expect(await stack.database.prisma.usageLog.count({ where: { status: "settled" } })).toBe(10);
    expect(await ends()).toEqual({ completed: 5 });
    await assertInvariants(stack, ids);
  });
});

describe("the same job delivered twice", () => {
  it("is run under two numbers, ends once, and all its calls are on record", async () => {
    await start({ workers: 2 });
    await stack.rule({ match: {}, respond: { delayMs: 1_500 }, times: 2 });
    const [id = ""] = await submitMany(1);
    await eventually(async () => expect(await stack.database.prisma.usageLog.count()).toBe(1));
    await withRedis(async (redis) => {
      const { name } = agentQueue("messaging");
      await new Dispatcher(redis)
        .queue("messaging")
        .add(name, { jobId: id, creatorId: "psy", generation: 1 }, { jobId: "another-id" });
    });
    await rest();
    expect(await stack.job(id)).toMatchObject({ status: "completed", attempts: 2, usage: { calls: 2 } });
    await assertInvariants(stack, [id]);
  });
});

describe("Postgres", () => {
  it("away: no 202, and no paid answer is thrown away; back: all goes on", async () => {
    postgres = await startTestPostgres();
    await start({ postgresUrl: postgres.url });
    const [first = ""] = await submitMany(1);
    await eventually(async () => expect((await stack.job(first)).status).toBe("completed"));
    await stack.rule({ match: {}, respond: { delayMs: 1_500 }, times: 20 });
    const ids = await submitMany(20);
    await eventually(async () =>
      expect(await stack.database.prisma.usageLog.count({ where: { status: "started" } })).toBe(20),
    );
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
    postgres = await startTestPostgres();
    await start({ postgresUrl: postgres.url });
    const ids = await submitMany(5);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(5));
    const pids = serverPids(postgres.pid());
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    const refused = await stack.request("POST", "/api/ai/chat", {
      creatorId: "psy",
      fanId: "f",
      message: "hi",
    });
    expect(refused.status).toBe(503);
    for (const pid of pids) process.kill(pid, "SIGCONT");
    ids.push(...(await submitMany(5)));
    await rest();
    await assertInvariants(stack, ids);
  });
});

async function withClient<Result>(use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** A Postgres' first process and all its children. */
function serverPids(pid: number): number[] {
  const children = execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" });
  return [pid, ...children.trim().split("\n").map(Number)];
}
