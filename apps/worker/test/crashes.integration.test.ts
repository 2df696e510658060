import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { expectedCalls } from "@understudy/agents";
import { agentQueue, Dispatcher } from "@understudy/queues";
import { eventually } from "@understudy/testkit";
import {
  addWorker,
  assertRun,
  countBy,
  countCalls,
  creatorId,
  ends,
  lockAccount,
  openCalls,
  rest,
  shareStack,
  stack,
  startWorkers,
  submitMany,
  withClient,
  withRedis,
} from "./fault-run.ts";
import { callsOfJob } from "./job-run.ts";

/** Kills a worker exactly where a test says. */
const pauseAtPoint = fileURLToPath(new URL("../../../scripts/chaos/pause-at-point.mjs", import.meta.url));

shareStack();

/** Of those whose calls are lost: an attempt ends soon, but not before a busy machine has brought the test to its fault. */
const losing = { WORKER_ATTEMPT_SECONDS: "25" };

/** The same, where the fault comes at once. */
const brief = { WORKER_STOP_SECONDS: "8", WORKER_ATTEMPT_SECONDS: "15" };

/** Of those whose attempts must never be cut short. */
const patient = { WORKER_ATTEMPT_SECONDS: "60" };

describe("a worker killed by -9", () => {
  it("before an intent, with a call under way and with an answer not committed: all run again within 15 s", async () => {
    await startWorkers(0, losing);
    // What comes after its 55 is the other's, whose calls wait behind no answer.
    const killed = [await addWorker({ WORKER_CONCURRENCY: "55" })];
    const [first = ""] = await submitMany(1);
    await eventually(async () => expect((await stack.job(first)).status).toBe("completed"));
    await stack.rule({ match: { contains: "Slow" }, respond: { delayMs: 60_000 }, times: 50 });
    await stack.rule({ match: { contains: "Answered" }, respond: { delayMs: 4_000 }, times: 5 });
    const slow = await submitMany(50, "Slow");
    await eventually(async () => expect(await openCalls()).toBe(50));
    const answered = await submitMany(5, "Answered");
    await eventually(async () => expect(await openCalls()).toBe(55));
    const unlock = await lockAccount();
    await eventually(async () => expect(await blockedWriters()).toBe(1));
    killed.push(await addWorker());
    const before = await submitMany(5, "Before");
    await eventually(async () => expect(await countBy({ status: "running" })).toBe(60));
    await eventually(async () => expect(await blockedWriters()).toBe(2));
    const next = await addWorker();
    await Promise.all(killed.map((worker) => worker.kill()));
    const killedAt = Date.now();
    await unlock();
    await eventually(async () => expect(await countBy({ status: "running", attempt: 1 })).toBe(0));
    expect(Date.now() - killedAt).toBeLessThan(16_000);
    await stack.dropRules();
    await rest();
    expect(await ends()).toEqual({ completed: 61 });
    expect(await countCalls({ status: "unknown", jobId: { in: slow } })).toBe(50);
    expect(next.output()).toContain("a worker is dead");
    await assertRun([first, ...slow, ...answered, ...before], 60);
  });

  it("with the end committed, but BullMQ not told: not run or told again", async () => {
    // An attempt that is cut short on a busy machine is tried again, for which Redis must answer.
    await startWorkers(1, patient);
    const { completed = 0 } = await messagingDeliveries();
    await stack.rule({ match: {}, respond: { delayMs: 2_500 }, times: 5 });
    const ids = await submitMany(5);
    // Their calls are under way: none asks the gate of its model any more, which is in Redis.
    await eventually(async () => expect(await openCalls()).toBe(5));
    process.kill(stack.redis.pid(), "SIGSTOP");
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(5));
    await stack.workers[0]?.kill();
    process.kill(stack.redis.pid(), "SIGCONT");
    await addWorker();
    await eventually(async () =>
      expect(await messagingDeliveries()).toMatchObject({ active: 0, completed: completed + 5 }),
    );
    await assertRun(ids);
    expect(await countCalls({})).toBe(5);
  });

  const chatKeys = ["compliance-message/check", "messaging/draft", "compliance-draft/check"];

  it("with an answer in its memory alone: that call of a chat is unknown, and no other is paid again", async () => {
    await startWorkers(0, brief);
    const pausing = { NODE_OPTIONS: `--import ${pauseAtPoint}`, WORKER_CONCURRENCY: "1" };
    const workers = await Promise.all(chatKeys.map(() => addWorker(pausing)));
    // One chat each: the first worker dies of the first answer, the second of the second.
    for (const [index, worker] of workers.entries())
      worker.tell({ pauseAt: "answered", signal: "SIGKILL", nth: index + 1 });
    const input = { fanId: "fan", message: "hello, when is the next show?" };
    const ids = await Promise.all(chatKeys.map(() => stack.submit("chat", { creatorId, input })));
    await eventually(async () => expect(await countBy({ status: "queued" })).toBe(0));
    // It takes over what the others leave behind; a machine may be slow to start it.
    const next = addWorker();
    for (const worker of workers) expect(await worker.ended).toBe("SIGKILL");
    const keysOf = (calls: Awaited<ReturnType<typeof callsOfJob>>, status: string) =>
      calls.flatMap((call) => (call.status === status ? [call.stepKey] : []));
    const callsOfAll = () => Promise.all(ids.map((id) => callsOfJob(stack, id)));
    const lost = (await callsOfAll()).map((calls) => {
      // Each opening has taken the answer before it along.
      const settled = keysOf(calls, "settled");
      expect(settled).toEqual(chatKeys.slice(0, settled.length));
      expect(keysOf(calls, "started")).toEqual(chatKeys.slice(settled.length, settled.length + 1));
      return keysOf(calls, "started");
    });
    expect(lost.flat().toSorted()).toEqual(chatKeys.toSorted());

    await next;
    await rest();
    expect(await ends()).toEqual({ completed: 3 });
    for (const [index, calls] of (await callsOfAll()).entries()) {
      expect(keysOf(calls, "unknown")).toEqual(lost[index]);
      expect(keysOf(calls, "settled")).toEqual(chatKeys);
    }
    await assertRun(ids, 3);
  });
});

describe("a worker told to stop under load", () => {
  it("drains, then gives the rest back: nothing is lost or paid twice", async () => {
    await startWorkers(1, brief);
    await stack.rule({ match: { contains: "number 1" }, respond: { delayMs: 30_000 }, times: 1 });
    const ids = await submitMany(80);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBeGreaterThan(5));
    expect(await stack.workers[0]?.stop()).toBe(0);
    expect(await countBy({ status: "running" })).toBe(0);
    await addWorker();
    await rest();
    expect(await ends()).toEqual({ completed: 80 });
    expect(await countBy({ crashes: { gt: 0 } })).toBe(0);
    await assertRun(ids, 1);
  });
});

describe("the API killed by -9", () => {
  it("has committed whatever it answered with 202", async () => {
    // No call is lost here: attempts have the time that a busy machine takes.
    await startWorkers(1, patient);
    const accepted: string[] = [];
    let killed = false;
    const client = async (name: number) => {
      for (let count = 0; !killed; count++) {
        const input = { fanId: "f", message: `client ${name}, message ${count}` };
        await stack.submit("messaging", { creatorId, input }).then(
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
    await assertRun(accepted);
  });
});

describe("a worker that hangs, and comes back as a zombie", () => {
  it("finds its jobs taken over: its results are rejected, its costs recorded", async () => {
    await startWorkers(1, patient);
    await stack.rule({ match: {}, respond: { delayMs: 2_500 }, times: 5 });
    const ids = await submitMany(5);
    await eventually(async () => expect(await openCalls()).toBe(5));
    stack.workers[0]?.signal("SIGSTOP");
    await addWorker();
    await eventually(async () => expect(await countBy({ status: "completed", attempt: 2 })).toBe(5), 60_000);
    stack.workers[0]?.signal("SIGCONT");
    await rest();
    expect(await countCalls({ status: "settled" })).toBe(10);
    expect(await ends()).toEqual({ completed: 5 });
    await assertRun(ids);
  });
});

describe("the same job delivered twice", () => {
  it("is run once: the second delivery finds that it runs", async () => {
    await startWorkers(2, patient);
    await stack.rule({ match: {}, respond: { delayMs: 5_000 }, times: 1 });
    const [id = ""] = await submitMany(1);
    await eventually(async () => expect(await countCalls({})).toBe(1));
    await withRedis(async (redis) => {
      const { name } = agentQueue("messaging");
      const queue = new Dispatcher(redis, expectedCalls).queue("messaging");
      await queue.add(name, { jobId: id, creatorId, generation: 1 }, { jobId: "another-id" });
      await eventually(async () =>
        expect(await (await queue.getJob("another-id"))?.getState()).toBe("completed"),
      );
    });
    expect(await stack.job(id)).toMatchObject({ status: "running" });
    await rest();
    expect(await stack.job(id)).toMatchObject({ status: "completed", attempts: 1, usage: { calls: 1 } });
    await assertRun([id]);
  });
});

/** How many workers wait with what their attempts have to write, which each writes in one session. */
async function blockedWriters(): Promise<number> {
  const { rows } = await withClient((client) =>
    client.query(
      `SELECT FROM pg_stat_activity
       WHERE wait_event_type = 'Lock' AND datname = current_database() AND query LIKE '-- Writes what attempts%'`,
    ),
  );
  return rows.length;
}

/** As BullMQ has them. */
const messagingDeliveries = () =>
  withRedis((redis) =>
    new Dispatcher(redis, expectedCalls)
      .queue("messaging")
      .getJobCounts("active", "wait", "prioritized", "completed"),
  );
