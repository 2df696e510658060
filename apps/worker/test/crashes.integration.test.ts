import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { expectedCalls } from "@understudy/agents";
import { agentQueue, Dispatcher } from "@understudy/queues";
import { assertInvariants, eventually } from "@understudy/testkit";
import {
  countBy,
  ends,
  lockAccount,
  openCalls,
  rest,
  stack,
  start,
  submitMany,
  withClient,
  withRedis,
} from "./fault-run.ts";
import { callsOfJob } from "./job-run.ts";

/** Kills a worker exactly where a test says. */
const pauseAtPoint = fileURLToPath(new URL("../../../scripts/chaos/pause-at-point.mjs", import.meta.url));

describe("a worker killed by -9", () => {
  it("with calls under way: its jobs run again within 15 s, the lost calls become unknown", async () => {
    await start({ workers: 2 });
    await stack.rule({ match: {}, respond: { delayMs: 10_000 }, times: 60 });
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
    await stack.rule({ match: {}, respond: { delayMs: 2_500 }, times: 5 });
    const ids = await submitMany(5);
    await eventually(async () => expect(await openCalls()).toBe(5));
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

  const chatKeys = ["compliance-message/check", "messaging/draft", "compliance-draft/check"];

  it.each([1, 2, 3])(
    "with an answer in its memory alone: call %i of a chat is unknown, and no other is paid again",
    async (nth) => {
      await start({ workers: 0, environment: { WORKER_ATTEMPT_SECONDS: "10" } });
      const worker = await stack.addWorker({ NODE_OPTIONS: `--import ${pauseAtPoint}` });
      worker.tell({ pauseAt: "answered", signal: "SIGKILL", nth });
      const input = { fanId: "fan", message: "hello, when is the next show?" };
      const id = await stack.submit("chat", { creatorId: "psy", input });
      await eventually(async () => expect(await countBy({ status: "queued" })).toBe(0));
      // It takes over what the other leaves behind; a machine may be slow to start it.
      const next = stack.addWorker();
      expect(await worker.ended).toBe("SIGKILL");
      const keysOf = async (status: string) =>
        (await callsOfJob(stack, id)).flatMap((call) => (call.status === status ? [call.stepKey] : []));
      // Each opening has taken the answer before it along.
      expect(await keysOf("settled")).toEqual(chatKeys.slice(0, nth - 1));
      const lost = chatKeys.slice(nth - 1, nth);
      expect(await keysOf("started")).toEqual(lost);

      await next;
      await rest();
      expect(await ends()).toEqual({ completed: 1 });
      expect(await keysOf("unknown")).toEqual(lost);
      expect(await keysOf("settled")).toEqual(chatKeys);
      await assertInvariants(stack, [id], 1);
    },
  );

  it("with the end committed, but BullMQ not told: not run or told again", async () => {
    // An attempt that is cut short on a busy machine is tried again, for which Redis must answer.
    await start({ environment: { WORKER_ATTEMPT_SECONDS: "30" } });
    await stack.rule({ match: {}, respond: { delayMs: 2_500 }, times: 5 });
    const ids = await submitMany(5);
    // Their calls are under way: none asks the gate of its model any more, which is in Redis.
    await eventually(async () => expect(await openCalls()).toBe(5));
    process.kill(stack.redis.pid(), "SIGSTOP");
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(5));
    await stack.workers[0]?.kill();
    process.kill(stack.redis.pid(), "SIGCONT");
    await stack.addWorker();
    await eventually(() =>
      withRedis(async (redis) => {
        const { queue } = { queue: new Dispatcher(redis, expectedCalls).queue("messaging") };
        expect(await queue.getJobCounts("active", "wait", "prioritized", "completed")).toMatchObject({
          active: 0,
          completed: 5,
        });
      }),
    );
    await assertInvariants(stack, ids);
    expect(await stack.database.prisma.usageLog.count()).toBe(5);
  });
});

describe("a worker told to stop under load", () => {
  it("drains, then gives the rest back: nothing is lost or paid twice", async () => {
    await start({ environment: { WORKER_STOP_SECONDS: "8", WORKER_ATTEMPT_SECONDS: "20" } });
    await stack.rule({ match: { contains: "number 1" }, respond: { delayMs: 30_000 }, times: 1 });
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

describe("the API killed by -9", () => {
  it("has committed whatever it answered with 202", async () => {
    // No call is lost here: attempts have the time that a busy machine takes.
    await start({ environment: { WORKER_ATTEMPT_SECONDS: "60" } });
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
    await stack.rule({ match: {}, respond: { delayMs: 2_500 }, times: 5 });
    const ids = await submitMany(5);
    await eventually(async () => expect(await openCalls()).toBe(5));
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
  it("is run once: the second delivery finds that it runs", async () => {
    await start({ workers: 2, environment: { WORKER_ATTEMPT_SECONDS: "60" } });
    await stack.rule({ match: {}, respond: { delayMs: 1_500 }, times: 2 });
    const [id = ""] = await submitMany(1);
    await eventually(async () => expect(await stack.database.prisma.usageLog.count()).toBe(1));
    await withRedis(async (redis) => {
      const { name } = agentQueue("messaging");
      const queue = new Dispatcher(redis, expectedCalls).queue("messaging");
      await queue.add(name, { jobId: id, creatorId: "psy", generation: 1 }, { jobId: "another-id" });
      await eventually(async () =>
        expect(await (await queue.getJob("another-id"))?.getState()).toBe("completed"),
      );
    });
    expect(await stack.job(id)).toMatchObject({ status: "running" });
    await rest();
    expect(await stack.job(id)).toMatchObject({ status: "completed", attempts: 1, usage: { calls: 1 } });
    await assertInvariants(stack, [id]);
  });
});
