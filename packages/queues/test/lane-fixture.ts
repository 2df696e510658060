import { afterAll, beforeAll, beforeEach, expect } from "@jest/globals";
import { eventually, ScriptClock, startTestRedis } from "@understudy/testkit";
import type { Redis } from "ioredis";
import {
  type LaneEntry,
  Lanes,
  type LaneTerms,
  type Move,
  type Moved,
  type Placement,
} from "../src/lanes/lanes.ts";
import { connectRedis } from "../src/redis.ts";

/** When this run of Redis begins, by the clock that its scripts are told. */
export const start = Date.UTC(2026, 0, 1);
export const hour = 3_600_000;

export const clock = new ScriptClock(start);
export let redis: Redis;
export let lanes: Lanes;
/** Of the process that moves the lanes: as many jobs are released at once, but not less than a few. */
export const worker = { freeSlots: 0 };

let server: Awaited<ReturnType<typeof startTestRedis>>;

beforeAll(async () => {
  server = await startTestRedis();
  redis = connectRedis(server.url, "producer");
  clock.setOn(redis);
  lanes = new Lanes(redis, { chat: 5, messaging: 1, test: 1 }, () => worker.freeSlots);
  await eventually(() => expect(redis.status).toBe("ready"));
});

afterAll(async () => {
  redis.disconnect();
  await server.remove();
});

beforeEach(async () => {
  await redis.flushall();
  worker.freeSlots = 10_000;
  clock.now = start;
  await lanes.move({});
});

export function termsOf(burst: number, ratePerHour = 1, weight = 1): LaneTerms {
  return { ratePerHour, burst, weight };
}

type JobOptions = Partial<LaneEntry> & { agent?: string };

/** A job named `name` of a creator that is newer than this Redis, with room for many. */
export function job(creatorId: string, name: string, options: JobOptions = {}): LaneEntry {
  const { agent = "messaging", ...more } = options;
  return {
    creatorId,
    entry: `${name}-g1|${agent}`,
    priority: 100,
    notBefore: null,
    terms: termsOf(20),
    creatorSince: new Date(start + 1),
    isPaused: false,
    ...more,
  };
}

/** So many jobs, named by their creator and number: psy1, psy2, … */
export function jobs(creatorId: string, count: number, options: JobOptions = {}): LaneEntry[] {
  return Array.from({ length: count }, (_, index) => job(creatorId, `${creatorId}${index + 1}`, options));
}

export function namesOf({ released }: Pick<Moved, "released">): string[] {
  return released.map(({ entry }) => entry.replace(/-g1\|.*/, ""));
}

/** Moves the lanes. @returns the names of the jobs that are released, in their order */
export async function release(move: Move = {}): Promise<string[]> {
  return namesOf(await lanes.move(move));
}

let asked = 0;

/**
 * What a creator's bucket and lane are like. A job asks that enters under these terms for a far day, so it takes no
 * token. Who only looks sees the same.
 */
export async function ask(creatorId: string, terms: LaneTerms, options: JobOptions = {}): Promise<Placement> {
  const notBefore = new Date(start + 1e12);
  const asking = job(creatorId, `asks${++asked}`, { terms, notBefore, ...options });
  const view = (await lanes.move({ enter: [asking] })).entered[0] as Placement;
  const { creatorSince, isPaused } = asking;
  const seen = await lanes.look(creatorId, { ...terms, creatorSince: creatorSince.toISOString(), isPaused });
  // The script's answers have 14 digits.
  expect(seen).toEqual({ ...view, interval: expect.closeTo(view.interval, 6) });
  return view;
}

/** Tokens of a creator's bucket, and in how many hours the next one comes or, where there are some, since when. */
export async function bucketOf(creatorId: string, terms: LaneTerms, options: JobOptions = {}) {
  const { tokens, nextTokenAt, now } = await ask(creatorId, terms, options);
  return { tokens, inHours: (nextTokenAt - now) / hour };
}

/** Redis is killed and started again, with all that it knew. */
export async function restartRedis(): Promise<void> {
  await redis.save();
  await server.kill();
  await eventually(() => expect(redis.status).not.toBe("ready"));
  await server.restart();
  await eventually(() => expect(redis.status).toBe("ready"));
}

/** The same as the scripts see it, in no time. */
export async function replaceRedis(): Promise<void> {
  await redis.hset("{lanes}:state", "run", "another");
}
