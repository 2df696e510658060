import { expect } from "@jest/globals";
import { expectedCalls } from "@understudy/agents";
import { Dispatcher, laneEntry } from "@understudy/queues";
import { eventually, type StackOptions } from "@understudy/testkit";
import { creatorId, stack, start, withRedis } from "./fault-run.ts";

/** Longer than an overdue release is left alone, and a sweep takes. */
export const sweptMsMax = 20_000;
export const hourMs = 3_600_000;

/** A stack with a creator whose lane is looked at. */
export async function startWith(bucket: object, options: StackOptions = {}): Promise<void> {
  await start(options);
  await putBucket(bucket);
}

export async function putBucket(bucket: object): Promise<void> {
  const response = await stack.request("PUT", `/api/ai/creators/${creatorId}`, { plan: "business", bucket });
  expect(response.status).toBe(200);
}

/** One after another: their order is that of their arrival. */
export async function submit(count: number, options: object = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) ids.push(await submitOne(index, options));
  return ids;
}

export function submitAtOnce(count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => submitOne(index)));
}

function submitOne(index: number, options: object = {}): Promise<string> {
  const input = { fanId: "f", message: `Hello number ${index}` };
  return stack.submit("messaging", { creatorId, input, options });
}

export async function turn(what: "pause" | "resume"): Promise<void> {
  expect((await stack.request("POST", `/api/ai/creators/${creatorId}/${what}`)).status).toBe(200);
}

export const entryOf = (id: string) => laneEntry({ id, generation: 1, agent: "messaging" });

export function releasedEntries(): Promise<string[]> {
  return withRedis((redis) => redis.zrange("{lanes}:released", "0", "-1"));
}

/** Tokens of the bucket that were taken and have not come back. */
export async function tokensTaken(interval: number): Promise<number> {
  const tat = await withRedis((redis) => redis.hget(`{lanes}:creator:${creatorId}`, "tat"));
  return (Number(tat) - Date.now()) / interval;
}

/**
 * When jobs were added to their queue, in ms and in order: hardly later than they were released. When they started says
 * less, since that depends on how busy the machine is.
 */
export async function releasesInOrder(): Promise<number[]> {
  const jobs = await withRedis((redis) => new Dispatcher(redis, expectedCalls).queue("messaging").getJobs());
  return jobs.map((job) => job.timestamp).sort((a, b) => a - b);
}

/** Releases that may seem early, since the one before it came late: on their way over a wipe or a busy process. */
const onTheirWayMax = 3;

/** Asserts that the bucket was empty when Redis was wiped. */
export async function expectNoBurstSince(wipedAt: number, perSecond: number): Promise<void> {
  const releases = await eventually(async () => {
    const some = await releasesInOrder();
    expect(some.length).toBeGreaterThan(0);
    return some;
  });
  for (const [index, at] of releases.entries()) {
    expect(index + 1).toBeLessThanOrEqual(((at - wipedAt) * perSecond) / 1000 + onTheirWayMax);
  }
}

/** Asserts that no window of the releases passes the bucket. */
export async function expectWithinBucket(burst: number, perSecond: number): Promise<void> {
  const releases = await releasesInOrder();
  for (const [j, last] of releases.entries()) {
    for (const [i, first] of releases.slice(0, j).entries()) {
      const tokens = burst + ((last - first) * perSecond) / 1000;
      expect(j - i + 1).toBeLessThanOrEqual(tokens + onTheirWayMax);
    }
  }
}

export const quick = { ratePerHour: 1_000_000, burst: 1000 };
export const hourly = (burst: number) => ({ ratePerHour: 1, burst });
