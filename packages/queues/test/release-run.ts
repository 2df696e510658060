import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { eventually, startTestRedis } from "@understudy/testkit";
import fc from "fast-check";
import type { Redis } from "ioredis";
import { type LaneEntry, Lanes, type LaneTerms } from "../src/lanes/lanes.ts";
import { connectRedis } from "../src/redis.ts";
import { ReleaseRecord, type TermsOf, worstExcess } from "./release-record.ts";

/** Processes that move the same lanes, each over a connection of its own. */
const instanceCount = 3;
const creatorIds = ["psy", "iu", "rain"];

let server: Awaited<ReturnType<typeof startTestRedis>>;
let control: Redis;
let connections: Redis[] = [];
let run: Run;

beforeAll(async () => {
  server = await startTestRedis();
  control = connectRedis(server.url, "consumer");
});

afterAll(async () => {
  for (const connection of connections) connection.disconnect();
  control.disconnect();
  await server.remove();
});

/** All that a run of the property knows: as much as Postgres would. */
interface Run {
  instances: Lanes[];
  record: ReleaseRecord;
  /** Entered, and neither cancelled nor noted as started. */
  queued: Map<string, LaneEntry>;
  started: Set<string>;
  cancelled: Map<string, LaneEntry>;
  terms: Map<string, LaneTerms>;
  creatorSince: Map<string, Date>;
  /** What Redis has on its disk, and begins with when it is restarted. */
  saved: TermsOf[];
}

type Step =
  | {
      do: "enter";
      by: number;
      creator: number;
      count: number;
      priority: number;
      inMs: number;
      stale: LaneTerms | null;
    }
  | { do: "cancel"; by: number; which: number }
  | { do: "terms"; by: number; creator: number; terms: LaneTerms }
  | { do: "pause"; by: number; creator: number; isPaused: boolean }
  | { do: "work"; by: number }
  | { do: "wait"; ms: number }
  | { do: "wipe" }
  | { do: "save" }
  | { do: "restart" };

const by = fc.nat(instanceCount - 1);
const creator = fc.nat(creatorIds.length - 1);
const terms = fc.record({
  ratePerHour: fc.constantFrom(36_000, 180_000, 720_000, 3_600_000),
  burst: fc.integer({ min: 1, max: 12 }),
  weight: fc.integer({ min: 1, max: 4 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 18,
    arbitrary: fc.record({
      do: fc.constant("enter" as const),
      by,
      creator,
      count: fc.integer({ min: 1, max: 15 }),
      priority: fc.integer({ min: 1, max: 3 }),
      inMs: fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 1, max: 30 })),
      // An API that accepted the job just before its creator's plan changed.
      stale: fc.option(terms, { freq: 4 }),
    }),
  },
  { weight: 24, arbitrary: fc.record({ do: fc.constant("work" as const), by }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("cancel" as const), by, which: fc.nat() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("terms" as const), by, creator, terms }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("pause" as const), by, creator, isPaused: fc.boolean() }),
  },
  {
    weight: 9,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 15 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "wipe" as const }) },
  { weight: 2, arbitrary: fc.constant({ do: "save" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "restart" as const }) },
);
/** The steps of one round are taken at once. */
const program = fc.record({
  rounds: fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 10, maxLength: 40 }),
  plans: fc.tuple(terms, terms, terms),
});

/** A fresh Redis with instances that move its lanes. */
async function begin(): Promise<void> {
  for (const connection of connections) connection.disconnect();
  connections = Array.from({ length: instanceCount }, () => connectRedis(server.url, "producer"));
  await connected();
  await control.flushall();
  const record = new ReleaseRecord();
  const instances = connections.map((redis) => {
    const lanes = new Lanes(redis, { chat: 5, test: 1 });
    record.listen(redis);
    return lanes;
  });
  run = {
    instances,
    record,
    queued: new Map(),
    started: new Set(),
    cancelled: new Map(),
    terms: new Map(),
    creatorSince: new Map(),
    saved: [],
  };
  // This Redis begins.
  await move(0, {});
  await save();
}

function move(instance: number, what: Parameters<Lanes["move"]>[0]) {
  return (run.instances[instance] as Lanes).move(what);
}

/** What is lost in the last digits of times when terms change. */
const roundedTokens = 0.001;

let numbered = 0;

async function take(step: Step): Promise<void> {
  switch (step.do) {
    case "enter": {
      const creatorId = creatorIds[step.creator] ?? "";
      if (!run.creatorSince.has(creatorId)) run.creatorSince.set(creatorId, await redisTime());
      const enter = Array.from({ length: step.count }, (_, index) => ({
        creatorId,
        entry: `job_${++numbered}-g1|${index % 2 === 0 ? "chat" : "test"}`,
        priority: step.priority,
        notBefore: step.inMs === 0 ? null : new Date(Date.now() + step.inMs),
        terms: step.stale ?? (run.terms.get(creatorId) as LaneTerms),
        creatorSince: run.creatorSince.get(creatorId) as Date,
        isPaused: false,
      }));
      for (const entry of enter) run.queued.set(entry.entry, entry);
      await move(step.by, { enter });
      return;
    }
    case "cancel": {
      const entry = [...run.queued.values()][step.which % Math.max(1, run.queued.size)];
      if (!entry) return;
      run.queued.delete(entry.entry);
      run.cancelled.set(entry.entry, entry);
      await move(step.by, { remove: [entry] });
      return;
    }
    case "terms": {
      const creatorId = creatorIds[step.creator] ?? "";
      run.terms.set(creatorId, step.terms);
      await move(step.by, { terms: [{ creatorId, ...step.terms }] });
      return;
    }
    case "pause":
      await move(step.by, {
        pause: [{ creatorId: creatorIds[step.creator] ?? "", isPaused: step.isPaused }],
      });
      return;
    case "work":
      return await work(step.by);
    case "wait":
      return await sleep(step.ms);
    case "wipe": {
      const [time] = (await control.multi().time().flushall().exec()) ?? [];
      run.record.wiped(inMs(time?.[1] as [string, string]));
      return await refill();
    }
    case "save":
      // After the round, when nothing changes meanwhile.
      return;
    case "restart":
      // Others are under way: what they have not heard of is forgotten by Redis as well.
      await server.kill();
      run.record.restarted(Date.now(), run.saved);
      await server.restart();
      await connected();
      return await refill();
  }
}

/** What happens after this is forgotten by a restart. */
async function save(): Promise<void> {
  run.saved = [];
  for (const creatorId of creatorIds) {
    const { interval, burst } = await control.hgetall(`{lanes}:creator:${creatorId}`);
    if (interval) run.saved.push({ creatorId, interval: Number(interval), burst: Number(burst) });
  }
  await control.save();
}

async function connected(): Promise<void> {
  await eventually(() => expect(connections.every((redis) => redis.status === "ready")).toBe(true));
}

/** Notes as started what is released, and moves on. */
async function work(instance: number): Promise<void> {
  const started = await (run.instances[instance] as Lanes).overdue(-60_000, 100);
  for (const entry of started) {
    run.queued.delete(entry);
    run.started.add(entry);
  }
  await move(instance, { started });
}

/** Lets in again all that has not started: what Redis holds already changes nothing. */
async function refill(): Promise<void> {
  await move(0, { enter: [...run.queued.values()] });
}

/** Until all that is queued has started, under terms that do not take long. */
async function drain(): Promise<void> {
  const quick = { ratePerHour: 3_600_000, burst: 5, weight: 1 };
  // Cancelled by one instance while another was letting it in: it is taken out again, as the sweeper does.
  await move(0, { remove: [...run.cancelled.values()] });
  await move(0, { terms: creatorIds.map((creatorId) => ({ creatorId, ...quick })) });
  await move(0, { pause: creatorIds.map((creatorId) => ({ creatorId, isPaused: false })) });
  await eventually(async () => {
    await Promise.all(run.instances.map((_, instance) => work(instance)));
    expect(run.queued.size).toBe(0);
    // Not even what an older state brought back.
    await expectEmptyLanes();
  });
}

async function redisTime(): Promise<Date> {
  return new Date(Math.floor(inMs((await control.time()) as unknown as [string, string])));
}

function inMs([seconds, microseconds]: [string, string]): number {
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
}

/** @throws with what does not hold */
function judge(): void {
  const releases: { entry: string; isInLife: number }[] = [];
  for (const [creatorId, record] of run.record.read()) {
    const excess = worstExcess(record);
    if (excess > roundedTokens) throw new Error(`A window of ${creatorId} has ${excess} releases too many.`);
    releases.push(...record.releases);
  }
  const inOneLife = releases.map(({ entry, isInLife }) => `${entry} in life ${isInLife}`);
  expect(inOneLife.filter((each, index) => inOneLife.indexOf(each) !== index)).toEqual([]);
  const released = new Set(releases.map(({ entry }) => entry));
  expect([...run.started].filter((entry) => !released.has(entry))).toEqual([]);
}

async function expectEmptyLanes(): Promise<void> {
  const keys = await control.keys("{lanes}:*");
  const left = keys.filter((key) => !/^\{lanes\}:(creator:.*|state)$/.test(key));
  expect(left).toEqual([]);
  const state = await control.hgetall("{lanes}:state");
  const waiting = Object.entries(state).filter(([field]) => field.startsWith("waiting:"));
  expect(waiting.filter(([, count]) => count !== "0")).toEqual([]);
}

/** @throws where the bucket's promise is broken */
async function play({ rounds, plans }: { rounds: Step[][]; plans: LaneTerms[] }): Promise<void> {
  await begin();
  for (const [index, creatorId] of creatorIds.entries()) run.terms.set(creatorId, plans[index] as LaneTerms);
  for (const round of rounds) {
    const isRestart = round.some((step) => step.do === "restart");
    // While Redis is away a move fails: what it was to let in is let in again.
    await Promise.all(
      round.map((step) => take(step).catch((error) => expect(isRestart || error).toBe(true))),
    );
    if (isRestart) await refill();
    if (round.some((step) => step.do === "save")) await save();
  }
  await drain();
  judge();
}

/**
 * Plays random programs: jobs enter, start and are cancelled, terms change, lanes pause, and Redis is wiped, or
 * restarted with what it had when it saved last, all over several connections at once; then everything is let go.
 * Asserts that
 *
 * - no window of a creator's releases, from any one to any later one, passes the largest burst in force in it and the
 *   tokens that came in it: also over changes of terms, however many and by whoever still knew the old ones, and over
 *   the loss of Redis;
 * - each job that entered is released once, or once more after Redis was lost, unless it was cancelled;
 * - nothing is left in the lanes.
 */
export async function playReleases(numRuns: number): Promise<void> {
  // Shrinking would take long, and times never come again: the first counterexample is told.
  await fc.assert(fc.asyncProperty(program, play), { numRuns, endOnFailure: true });
}
