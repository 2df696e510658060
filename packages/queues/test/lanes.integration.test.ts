import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { eventually, startTestRedis } from "@understudy/testkit";
import type { Redis } from "ioredis";
import { type LaneEntry, Lanes } from "../src/lanes/lanes.ts";
import { connectRedis } from "../src/redis.ts";

let server: Awaited<ReturnType<typeof startTestRedis>>;
let redis: Redis;
let lanes: Lanes;

beforeAll(async () => {
  server = await startTestRedis();
  redis = connectRedis(server.url, "producer");
  await eventually(() => expect(redis.status).toBe("ready"));
  lanes = new Lanes(redis, { chat: 5, messaging: 1, test: 1 });
});

afterAll(async () => {
  redis.disconnect();
  await server.remove();
});

beforeEach(async () => {
  await redis.flushall();
  // This Redis begins: creators are newer than it.
  await lanes.move({});
});

const soon = () => new Date(Date.now() + 60_000);
let numbered = 0;

/** Entries of a creator with room for a burst, and next to no tokens after it. */
function entries(
  creatorId: string,
  count: number,
  more: Partial<LaneEntry> & { agent?: string } = {},
): LaneEntry[] {
  const { agent = "messaging", ...rest } = more;
  return Array.from({ length: count }, () => ({
    creatorId,
    entry: `job_${String(++numbered).padStart(6, "0")}-g1|${agent}`,
    priority: 100,
    notBefore: null,
    terms: { ratePerHour: 1, burst: 20, weight: 1 },
    creatorSince: soon(),
    isPaused: false,
    ...rest,
  }));
}

/** Moves and at once notes all that is released as started, until nothing more is: what would run, in order. */
async function drain(enter: LaneEntry[] = [], max = Number.POSITIVE_INFINITY) {
  const released: { entry: string; creatorId: string; isNew: boolean }[] = [];
  let move = await lanes.move({ enter, started: await lanes.overdue(-60_000, 100) });
  while (move.released.length > 0 && released.length < max) {
    released.push(...move.released);
    move = await lanes.move({ started: move.released.map((job) => job.entry) });
  }
  return released;
}

describe("the bucket", () => {
  it("lets a burst go, and then one job for each token", async () => {
    const terms = { ratePerHour: 36_000, burst: 3, weight: 1 };
    const all = entries("psy", 6, { terms });
    const begin = Date.now();
    expect(await drain(all)).toHaveLength(3);
    const late: string[] = [];
    await eventually(async () => {
      late.push(...(await drain()).map((job) => job.entry));
      expect(late).toHaveLength(3);
    });
    // Three tokens at one each 100 ms.
    expect(Date.now() - begin).toBeGreaterThanOrEqual(299);
    expect(late).toEqual(all.slice(3).map((job) => job.entry));
  });

  it("tells when the next token comes", async () => {
    const terms = { ratePerHour: 3_600, burst: 2, weight: 1 };
    const [first, second, third] = (await lanes.move({ enter: entries("psy", 3, { terms }) })).entered;
    expect([first?.position, second?.position, third?.position]).toEqual([undefined, undefined, 0]);
    expect(third).toMatchObject({ waiting: 1, tokens: 0, interval: 1_000 });
    const inMs = (third?.nextTokenAt ?? 0) - (third?.now ?? 0);
    expect(inMs).toBeGreaterThan(900);
    expect(inMs).toBeLessThanOrEqual(1_001);
    const look = await lanes.look("psy", { ...terms, creatorSince: soon().toISOString(), isPaused: false });
    expect(look).toMatchObject({ waiting: 1, tokens: 0 });
    expect(look.nextTokenAt).toBeCloseTo(third?.nextTokenAt ?? 0, 0);
  });

  it("is empty for a creator that is older than this Redis, and full for a newer one", async () => {
    expect(await drain(entries("old", 5, { creatorSince: new Date(0) }))).toEqual([]);
    expect(await drain(entries("new", 5))).toHaveLength(5);
    const terms = { ratePerHour: 1, burst: 20, weight: 1, isPaused: false };
    expect(await lanes.look("older", { ...terms, creatorSince: new Date(0).toISOString() })).toMatchObject({
      tokens: 0,
    });
    expect(await lanes.look("newer", { ...terms, creatorSince: soon().toISOString() })).toMatchObject({
      tokens: 20,
    });
  });

  it("follows a change of plan at once: up, and down without old debt", async () => {
    await drain(entries("psy", 40));
    expect(await drain()).toEqual([]);
    await lanes.move({ terms: [{ creatorId: "psy", ratePerHour: 3_600_000, burst: 50, weight: 1 }] });
    await eventually(async () => {
      await drain();
      expect((await lanes.move({})).nextInMs).toBeUndefined();
    });
    // 20 at one an hour were a debt of 20 hours: now it is that of one token a second at the most.
    await lanes.move({ terms: [{ creatorId: "psy", ratePerHour: 3_600, burst: 1, weight: 1 }] });
    const { entered } = await lanes.move({
      enter: entries("psy", 1, { terms: { ratePerHour: 3_600, burst: 1, weight: 1 } }),
    });
    expect((entered[0]?.nextTokenAt ?? 0) - (entered[0]?.now ?? 0)).toBeLessThanOrEqual(1_000);
  });
});

describe("what is kept of a creator", () => {
  it("is forgotten a while after its bucket is full, and not while something waits", async () => {
    const terms = { ratePerHour: 3_600, burst: 2, weight: 1 };
    await drain(entries("psy", 2, { terms }));
    const ttl = await redis.pttl("{lanes}:creator:psy");
    expect(ttl).toBeGreaterThan(60_000);
    expect(ttl).toBeLessThanOrEqual(63_000);
    await lanes.move({ enter: entries("psy", 1, { terms }) });
    expect(await redis.pttl("{lanes}:creator:psy")).toBe(-1);
  });

  it("is kept until the last of its jobs has come that wait for a time", async () => {
    const at = (minutes: number) => ({ notBefore: new Date(Date.now() + minutes * 60_000) });
    await lanes.move({ enter: [...entries("psy", 1, at(90)), ...entries("psy", 1, at(30))] });
    await drain(entries("psy", 1));
    expect(await redis.pttl("{lanes}:creator:psy")).toBeGreaterThan(90 * 60_000);
  });
});

describe("a lane", () => {
  it("goes by priority, then by arrival", async () => {
    const paused = { isPaused: true };
    const [a, b, c] = [
      entries("psy", 2, paused),
      entries("psy", 2, { ...paused, priority: 1 }),
      entries("psy", 1, { ...paused, agent: "chat" }),
    ];
    await lanes.move({ enter: [...a, ...b, ...c] });
    const first = await lanes.move({ pause: [{ creatorId: "psy", isPaused: false }] });
    const rest = await lanes.move({ started: first.released.map((job) => job.entry) });
    const order = [...first.released, ...rest.released].map((job) => job.entry);
    expect(order).toEqual([...b, ...a, ...c].map((job) => job.entry));
  });

  it("takes an entry once, while it waits and while it is released", async () => {
    const [job] = entries("psy", 1);
    if (!job) throw new Error("no entry");
    expect((await lanes.move({ enter: [job] })).released).toHaveLength(1);
    expect((await lanes.move({ enter: [job] })).released).toEqual([]);
    expect(await lanes.overdue(-1_000, 10)).toEqual([job.entry]);
  });

  it("holds back what has a time before which it must not start", async () => {
    const notBefore = new Date(Date.now() + 300);
    const [job] = entries("psy", 1, { notBefore });
    const { released, nextInMs = 0 } = await lanes.move({ enter: job ? [job] : [] });
    expect(released).toEqual([]);
    expect(nextInMs).toBeGreaterThan(100);
    await eventually(async () => expect(await drain()).toMatchObject([{ entry: job?.entry }]));
    expect(Date.now()).toBeGreaterThanOrEqual(notBefore.getTime() - 1);
  });

  it("gives out what is cancelled, and no token for it", async () => {
    const [job, later] = entries("psy", 2, { isPaused: true });
    const timed = entries("psy", 1, { notBefore: soon(), isPaused: true });
    if (!job || !later) throw new Error("no entries");
    await lanes.move({ enter: [job, later, ...timed] });
    expect(await lanes.waitingOf("messaging")).toBe(2);
    const remove = [job, ...timed].map(({ creatorId, entry, priority }) => ({ creatorId, entry, priority }));
    await lanes.move({ remove, pause: [{ creatorId: "psy", isPaused: false }] });
    expect(await lanes.overdue(-1_000, 10)).toEqual([later.entry]);
    expect(await lanes.waitingOf("messaging")).toBe(0);
    const terms = {
      ratePerHour: 1,
      burst: 20,
      weight: 1,
      creatorSince: soon().toISOString(),
      isPaused: false,
    };
    expect((await lanes.look("psy", terms)).tokens).toBe(19);
    expect((await lanes.move({})).nextInMs).toBeUndefined();
  });

  it("is released no further than a few jobs ahead of the workers", async () => {
    expect((await lanes.move({ enter: entries("psy", 20) })).released).toHaveLength(4);
    expect((await lanes.move({})).released).toEqual([]);
  });
});

describe("shares where the workers are scarce", () => {
  const free = { ratePerHour: 1_000_000_000, burst: 100_000 };

  it("are equal for equals, whoever came first with more", async () => {
    const enter = [
      ...entries("hot", 300, { terms: { ...free, weight: 1 } }),
      ...entries("a", 100, { terms: { ...free, weight: 1 } }),
      ...entries("b", 100, { terms: { ...free, weight: 1 } }),
    ];
    const first = (await drain(enter, 150)).slice(0, 150);
    const share = (creatorId: string) => first.filter((job) => job.creatorId === creatorId).length;
    for (const creatorId of ["hot", "a", "b"]) expect(Math.abs(share(creatorId) - 50)).toBeLessThanOrEqual(2);
  });

  it("follow the weight of the plan", async () => {
    const enter = [1, 2, 4].flatMap((weight) => entries(`w${weight}`, 400, { terms: { ...free, weight } }));
    const first = (await drain(enter, 350)).slice(0, 350);
    const share = (weight: number) => first.filter((job) => job.creatorId === `w${weight}`).length / 350;
    for (const weight of [1, 2, 4])
      expect(Math.abs(share(weight) - weight / 7)).toBeLessThanOrEqual(0.05 * (weight / 7) + 0.006);
  });

  it("count the calls that a job is expected to make", async () => {
    const enter = [
      ...entries("chats", 100, { agent: "chat", terms: { ...free, weight: 1 } }),
      ...entries("messages", 500, { terms: { ...free, weight: 1 } }),
    ];
    const first = (await drain(enter, 240)).slice(0, 240);
    const chats = first.filter((job) => job.creatorId === "chats").length;
    expect(Math.abs(chats - 40)).toBeLessThanOrEqual(2);
  });

  it("are not larger for who spreads jobs over agents", async () => {
    const terms = { ...free, weight: 1 };
    const enter = [
      ...["messaging", "test"].flatMap((agent) => entries("spreader", 150, { agent, terms })),
      ...entries("plain", 300, { terms }),
    ];
    const first = (await drain(enter, 200)).slice(0, 200);
    expect(Math.abs(first.filter((job) => job.creatorId === "spreader").length - 100)).toBeLessThanOrEqual(2);
  });

  it("let a newcomer go at once", async () => {
    const terms = { ...free, weight: 1 };
    await drain(entries("hot", 500, { terms }), 100);
    const [job] = entries("new", 1, { terms });
    const next = await drain(job ? [job] : [], 12);
    expect(next.slice(0, 10).map((released) => released.entry)).toContain(job?.entry);
    expect(next.find((released) => released.entry === job?.entry)?.isNew).toBe(true);
  });
});
