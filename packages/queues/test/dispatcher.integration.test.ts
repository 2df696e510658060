import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, startTestRedis } from "@understudy/testkit";
import { Worker } from "bullmq";
import type { Redis } from "ioredis";
import {
  agentQueue,
  announceJobEnd,
  connectRedis,
  Dispatcher,
  JobEndings,
  laneEntry,
  readLaneEntry,
  redisIncarnation,
} from "../src/index.ts";

const expectedCalls = { chat: 5, messaging: 1, analytics: 1, test: 1 };

let server: Awaited<ReturnType<typeof startTestRedis>>;
let redis: Redis;
let dispatcher: Dispatcher;

beforeAll(async () => {
  server = await startTestRedis();
  redis = connectRedis(server.url, "producer");
  dispatcher = new Dispatcher(redis, expectedCalls);
  await eventually(() => expect(redis.status).toBe("ready"));
});

afterAll(async () => {
  await dispatcher.close();
  redis.disconnect();
  await server.remove();
});

const terms = {
  ratePerHour: 1_000_000,
  burst: 1000,
  weight: 1,
  creatorSince: new Date(Date.now() + 60_000).toISOString(),
  isPaused: false,
};

const job = {
  id: "job_1",
  agent: "messaging",
  creatorId: "psy",
  generation: 1,
  priority: 5,
  notBefore: null,
  terms,
};

/** Makes room for the release of others: all that was released until now has reached a worker. */
async function allStarted(): Promise<void> {
  const released = await dispatcher.lanes.overdue(-60_000, 100);
  await dispatcher.started(released.map(readLaneEntry));
}

describe("the dispatcher", () => {
  it("puts ids and nothing else into the agent's queue, once", async () => {
    await dispatcher.dispatch([job]);
    await dispatcher.dispatch([
      job,
      { ...job, id: "job_2", agent: "test", notBefore: new Date(Date.now() + 60_000) },
    ]);
    const messaging = dispatcher.queue("messaging");
    expect(await messaging.getJobCounts("prioritized", "wait", "delayed")).toEqual({
      prioritized: 1,
      wait: 0,
      delayed: 0,
    });
    const added = await messaging.getJob("job_1-g1");
    expect(added?.data).toEqual({ jobId: "job_1", creatorId: "psy", generation: 1 });
    expect(added?.name).toBe("messaging");
    expect(added?.opts).toMatchObject({
      ...{ jobId: "job_1-g1", priority: 1, attempts: 1 },
      removeOnComplete: { age: 600, count: 10_000 },
      removeOnFail: { age: 86_400, count: 10_000 },
    });
    // What has a time before which it must not start waits for it in its lane.
    expect(await dispatcher.queue("test").getJobCounts("prioritized", "delayed")).toEqual({
      prioritized: 0,
      delayed: 0,
    });
  });

  it("lets a job that was released before straight into its queue, behind those of newcomers", async () => {
    await dispatcher.dispatch([{ ...job, id: "job_3", generation: 2, terms: null }]);
    const added = await dispatcher.queue("messaging").getJob("job_3-g2");
    expect(added).toMatchObject({ name: "messaging", opts: { priority: 2, attempts: 1 } });
  });

  it("tells of each job of a batch where it stands, if it needs a lane", async () => {
    const held = { creatorId: "held", terms: { ...terms, isPaused: true } };
    const batch = [
      { ...job, ...held, id: "job_4" },
      { ...job, id: "job_5", terms: null },
      { ...job, ...held, id: "job_6" },
      { ...job, id: "job_7", agent: "test", terms: null },
    ];
    expect(await dispatcher.dispatch(batch)).toMatchObject([
      { position: 0, waiting: 2, isPaused: true },
      undefined,
      { position: 1, waiting: 2, isPaused: true },
      undefined,
    ]);
    // Each went to its agent's queue.
    expect(await dispatcher.queue("messaging").getJob("job_5-g1")).toBeDefined();
    expect(await dispatcher.queue("test").getJob("job_7-g1")).toBeDefined();
    expect(await dispatcher.queue("messaging").getJob("job_4-g1")).toBeUndefined();
    expect(await dispatcher.dispatch([])).toEqual([]);
  });

  it("takes a job out of its lane, and lets the others go when their creator's pause ends", async () => {
    await allStarted();
    await dispatcher.remove({ ...job, creatorId: "held", id: "job_4" });
    await dispatcher.changeTerms([{ creatorId: "held", terms }]);
    const messaging = dispatcher.queue("messaging");
    expect(await messaging.getJob("job_6-g1")).toBeDefined();
    expect(await messaging.getJob("job_4-g1")).toBeUndefined();
  });

  it("lets jobs go sooner that wait already, when their creator gets more tokens", async () => {
    await allStarted();
    const few = { ...terms, ratePerHour: 1, burst: 1 };
    const batch = ["job_8", "job_80"].map((id) => ({ ...job, id, creatorId: "few", terms: few }));
    await dispatcher.dispatch(batch);
    await allStarted();
    const messaging = dispatcher.queue("messaging");
    expect(await messaging.getJob("job_80-g1")).toBeUndefined();
    await dispatcher.changeTerms([{ creatorId: "few", terms }]);
    await eventually(async () => expect(await messaging.getJob("job_80-g1")).toBeDefined());
  });

  it("lets those that have taken their token straight into their queues, of whichever agents, past a paused lane", async () => {
    await allStarted();
    const { terms: _, ...released } = { ...job, generation: 2 };
    const placements = await dispatcher.dispatch([
      { ...released, id: "job_9" },
      { ...released, id: "job_10", creatorId: "held" },
      { ...released, id: "job_11", agent: "gone" },
    ]);
    expect(placements).toEqual([undefined, undefined, undefined]);
    const messaging = dispatcher.queue("messaging");
    expect(await messaging.getJob("job_9-g2")).toMatchObject({ opts: { priority: 2, attempts: 1 } });
    expect(await messaging.getJob("job_10-g2")).toMatchObject({
      data: { jobId: "job_10", creatorId: "held", generation: 2 },
    });
    // Until their start is heard of they count among those that are released.
    const overdue = await dispatcher.lanes.overdue(-1_000, 100);
    expect(overdue).toEqual(
      expect.arrayContaining(["job_9-g2|messaging", "job_10-g2|messaging", "job_11-g2|gone"]),
    );
    await dispatcher.queue("gone").obliterate();
  });

  it("knows which of the released no queue will hand out", async () => {
    const { terms: _, ...released } = { ...job, agent: "analytics" };
    const standing = ["job_50", "job_51", "job_52", "job_53", "job_54"].map((id) => ({ ...released, id }));
    await dispatcher.dispatch(standing);
    const queue = dispatcher.queue("analytics");
    const { name, prefix } = agentQueue("analytics");
    const connection = connectRedis(server.url, "consumer");
    const done: string[] = [];
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    // It has those in hand that come first, and is done with one of them.
    const worker = new Worker(
      name,
      async ({ data }) => {
        done.push(data.jobId);
        if (data.jobId !== "job_50") await held;
      },
      { connection, prefix, name: "worker_1", concurrency: 3, skipVersionCheck: true },
    );
    try {
      await eventually(() => expect(done).toEqual(expect.arrayContaining(["job_50", "job_51"])));
      await worker.pause(true);
      await eventually(async () =>
        expect(await (await queue.getJob("job_50-g1"))?.getState()).toBe("completed"),
      );
      await queue.remove("job_54-g1");
      const inHand = done.filter((id) => id !== "job_50");
      const lost = async (alive: string[]) =>
        (await dispatcher.lost(standing, (workerName) => alive.includes(workerName))).map(({ id }) => id);
      expect((await lost(["worker_1"])).toSorted()).toEqual(["job_50", "job_54"]);
      expect((await lost(["worker_2"])).toSorted()).toEqual(["job_50", "job_54", ...inHand].toSorted());
    } finally {
      release();
      await worker.close();
      connection.disconnect();
    }
  });

  it("lets the next one go when a token comes, without being asked, and when one has started", async () => {
    await allStarted();
    const slow = { ...terms, ratePerHour: 36_000, burst: 1 };
    const test = dispatcher.queue("test");
    const batch = ["job_12", "job_13"].map((id) => ({
      ...job,
      id,
      agent: "test",
      creatorId: "slow",
      terms: slow,
    }));
    await dispatcher.dispatch(batch);
    expect(await test.getJob("job_12-g1")).toBeDefined();
    expect(await test.getJob("job_13-g1")).toBeUndefined();
    await eventually(async () => expect(await test.getJob("job_13-g1")).toBeDefined());

    await allStarted();
    const many = Array.from({ length: 9 }, (_, n) => ({
      ...job,
      id: `job_2${n}`,
      agent: "test",
      creatorId: "many",
    }));
    await dispatcher.dispatch(many);
    const standing = async () =>
      (await Promise.all(many.map(({ id }) => test.getJob(`${id}-g1`)))).filter(Boolean);
    const before = await standing();
    expect(before.length).toBeLessThan(9);
    await dispatcher.started(many.filter(({ id }) => before.some((added) => added?.data.jobId === id)));
    expect((await standing()).length).toBeGreaterThan(before.length);
  });

  it("tells how many stand in the queue of each agent", async () => {
    const held = { creatorId: "held", terms: { ...terms, isPaused: true } };
    await dispatcher.dispatch([{ ...job, ...held, id: "job_40" }]);
    const test = dispatcher.queue("test");
    await test.add("later", { jobId: "job_1", creatorId: "psy", generation: 1 }, { delay: 60_000 });
    await test.add("plain", { jobId: "job_1", creatorId: "psy", generation: 1 });
    const { prioritized = 0 } = await test.getJobCounts("prioritized");
    const { queues, ...lanes } = await dispatcher.backlog(["held"]);
    expect(queues.get("test")).toEqual({ waiting: prioritized + 1, delayed: 1 });
    expect(queues.get("chat")).toEqual({ waiting: 0, delayed: 0 });
    expect(lanes).toMatchObject({ paused: 1 });
  });

  it("keeps all keys of a queue in one slot of a cluster", async () => {
    const keys = await redis.keys("*");
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(key).toMatch(/^\{(agent-[a-z]+|lanes)\}:/);
  });

  it("opens the queue of an agent once, and closes it", async () => {
    const own = new Dispatcher(redis, expectedCalls);
    const queue = own.queue("test");
    expect(own.queue("test")).toBe(queue);
    expect(queue.closing).toBeUndefined();
    await own.close();
    expect(queue.closing).toBeDefined();
  });

  it("says at once that Redis is away", async () => {
    const lost = connectRedis("redis://127.0.0.1:1", "producer");
    try {
      const away = new Dispatcher(lost, expectedCalls);
      await expect(away.dispatch([job])).rejects.toThrow(/^Redis is away \([a-z]+\)\.$/);
      await expect(away.lost([job], () => true)).rejects.toThrow(/away/);
      await expect(away.backlog([])).rejects.toThrow(/away/);
      // Nothing is to be said to it.
      await away.dispatch([]);
    } finally {
      lost.disconnect();
    }
  });
});

it("a lane's entry names the job, its generation and its agent, and nothing else is one", () => {
  const place = { id: "job_1", generation: 12, agent: "messaging" };
  expect(laneEntry(place)).toBe("job_1-g12|messaging");
  expect(readLaneEntry("job_1-g12|messaging")).toEqual(place);
  expect(readLaneEntry("job_1-g12")).toEqual({ ...place, agent: "" });
  for (const entry of ["", "|messaging", "job_1|messaging"]) {
    expect(() => readLaneEntry(entry)).toThrow("Not a delivery of ours");
  }
});

describe("Redis", () => {
  it("has another incarnation after a restart", async () => {
    const before = await redisIncarnation(redis);
    await server.restart();
    await eventually(async () => expect(await redisIncarnation(redis)).not.toBe(before));
  });

  it("carries the news of a job's end, also after a restart", async () => {
    const endings = new JobEndings(connectRedis(server.url, "consumer"));
    try {
      let heard = 0;
      const stop = endings.on("job_1", () => heard++);
      await eventually(async () => {
        await announceJobEnd(redis, "job_0", "job_1");
        expect(heard).toBeGreaterThan(0);
      });
      await server.restart();
      const before = heard;
      await eventually(async () => {
        await announceJobEnd(redis, "job_0", "job_1");
        expect(heard).toBeGreaterThan(before);
      });
      stop();
    } finally {
      endings.close();
    }
  });
});
