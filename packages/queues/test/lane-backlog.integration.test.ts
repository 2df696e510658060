import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";
import { eventually, startTestRedis } from "@understudy/testkit";
import type { Redis } from "ioredis";
import { laneBacklog } from "../src/lanes/lane-backlog.ts";
import { type LaneEntry, Lanes } from "../src/lanes/lanes.ts";
import { connectRedis } from "../src/redis.ts";

/** Released at least, though nobody takes them. */
const depth = 4;

let server: Awaited<ReturnType<typeof startTestRedis>>;
let redis: Redis;
let lanes: Lanes;

beforeAll(async () => {
  server = await startTestRedis();
  redis = connectRedis(server.url, "producer");
  await eventually(() => expect(redis.status).toBe("ready"));
  lanes = new Lanes(redis, { test: 1 });
});

afterAll(async () => {
  redis.disconnect();
  await server.remove();
});

beforeEach(async () => {
  await redis.flushall();
  await lanes.move({});
});

let numbered = 0;

function entries(creatorId: string, count: number, burst: number, more: Partial<LaneEntry> = {}) {
  return Array.from({ length: count }, () => ({
    creatorId,
    entry: `job_${++numbered}-g1|test`,
    priority: 100,
    notBefore: null,
    terms: { ratePerHour: 1, burst, weight: 1 },
    creatorSince: new Date(Date.now() + 60_000),
    isPaused: false,
    ...more,
  }));
}

const look = (paused: string[] = []) => laneBacklog(redis, ["test"], paused);

it("counts of a creator's jobs those for which there is a token, and changes nothing", async () => {
  await lanes.move({ enter: entries("psy", 30, 10) });
  const before = await redis.dump("{lanes}:state");
  const backlog = await look();
  expect(backlog).toMatchObject({ startable: 10 - depth, timed: 0, paused: 0 });
  expect(backlog.waiting.get("test")).toBe(30 - depth);
  expect(backlog.heads).toHaveLength(1);
  expect(backlog.releasedSeconds).toBeGreaterThan(0);
  expect(await look()).toMatchObject({ startable: 10 - depth });
  expect(await redis.dump("{lanes}:state")).toEqual(before);
});

it("counts nothing that waits for a token, a time, or its creator to go on", async () => {
  await lanes.move({ enter: entries("filler", depth, depth) });
  await lanes.move({ enter: entries("held", 7, 5, { isPaused: true }) });
  await lanes.move({ enter: entries("later", 2, 5, { notBefore: new Date(Date.now() + 3_600_000) }) });
  await lanes.move({ enter: entries("filler", 3, depth) });
  expect(await look(["held"])).toMatchObject({ startable: 0, timed: 2, paused: 7, heads: [] });
});

it("scales up from those that it looks at, where many creators may start something", async () => {
  await lanes.move({
    enter: Array.from({ length: 400 }, (_, at) => entries(`creator_${at}`, 2, 1)).flat(),
  });
  const backlog = await look();
  expect(backlog.heads).toHaveLength(250);
  expect(backlog.startable).toBe(400 - depth);
});

it("believes no bucket of an earlier Redis", async () => {
  await lanes.move({ enter: entries("psy", 30, 10) });
  await redis.hset("{lanes}:state", "run", "another");
  await lanes.move({});
  expect(await look()).toMatchObject({ startable: 0 });
});
