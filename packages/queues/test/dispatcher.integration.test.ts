import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { eventually, startTestRedis } from "@understudy/testkit";
import type { Redis } from "ioredis";
import { announceJobEnd, connectRedis, Dispatcher, JobEndings, redisIncarnation } from "../src/index.ts";

let server: Awaited<ReturnType<typeof startTestRedis>>;
let redis: Redis;
let dispatcher: Dispatcher;

beforeAll(async () => {
  server = await startTestRedis();
  redis = connectRedis(server.url, "producer");
  dispatcher = new Dispatcher(redis);
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
    expect(added?.opts).toMatchObject({ priority: 1, attempts: 5, backoff: { type: "exponential" } });
    // What has a time before which it must not start waits for it in its lane.
    expect(await dispatcher.queue("test").getJobCounts("prioritized", "delayed")).toEqual({
      prioritized: 0,
      delayed: 0,
    });
  });

  it("lets a job that was released before straight into its queue", async () => {
    await dispatcher.dispatch([{ ...job, id: "job_3", generation: 2, terms: null }]);
    expect(await dispatcher.queue("messaging").getJob("job_3-g2")).toMatchObject({ name: "messaging" });
  });

  it("keeps all keys of a queue in one slot of a cluster", async () => {
    const keys = await redis.keys("*");
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(key).toMatch(/^\{(agent-messaging|agent-test|lanes)\}:/);
  });

  it("says at once that Redis is away", async () => {
    const lost = connectRedis("redis://127.0.0.1:1", "producer");
    try {
      await expect(new Dispatcher(lost).dispatch([job])).rejects.toThrow(/away/);
    } finally {
      lost.disconnect();
    }
  });
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
