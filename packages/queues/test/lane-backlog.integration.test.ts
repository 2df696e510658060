import { beforeEach, describe, expect, it, jest } from "@jest/globals";
import { laneBacklog } from "../src/lanes/lane-backlog.ts";
import {
  clock,
  hour,
  job,
  jobs,
  lanes,
  redis,
  replaceRedis,
  start,
  termsOf,
  worker,
} from "./lane-fixture.ts";

/** Released at least, though nobody takes them. */
const depth = 4;

const agents = ["test", "chat", "sales", "messaging"];
const look = (paused: string[] = []) => laneBacklog(redis, agents, paused);

beforeEach(() => {
  worker.freeSlots = 0;
});

/** Releases as many jobs as may be: those that enter after this wait for the workers. */
const keepWorkersBusy = () => lanes.move({ enter: jobs("busy", depth) });

/** All that Redis knows, by key. */
async function contents(): Promise<Map<string, Buffer | null>> {
  const all = await redis.keys("*");
  return new Map(
    await Promise.all(all.sort().map(async (key) => [key, await redis.dumpBuffer(key)] as const)),
  );
}

describe("what a worker could start now", () => {
  it("is of each creator's jobs those for which there is a token; to look changes nothing", async () => {
    await keepWorkersBusy();
    await lanes.move({
      enter: [...jobs("psy", 30, { terms: termsOf(10) }), ...jobs("iu", 3, { terms: termsOf(7) })],
    });
    const before = await contents();
    expect(await look()).toMatchObject({ startable: 10 + 3, timed: 0, paused: 0 });
    expect(await look()).toMatchObject({ startable: 10 + 3 });
    expect(await contents()).toEqual(before);
  });

  it("grows by each token that comes, the whole ones", async () => {
    const terms = termsOf(7, 7);
    await lanes.move({ enter: jobs("psy", 30, { terms }) });
    expect((await look()).startable).toBe(7 - depth);
    clock.now += hour / 7 - 1;
    expect((await look()).startable).toBe(7 - depth);
    clock.now += 1;
    expect((await look()).startable).toBe(8 - depth);
    clock.now += hour;
    expect((await look()).startable).toBe(7);
  });

  it("is nothing that waits for a token, a time, or its creator to go on", async () => {
    await lanes.move({ enter: jobs("busy", depth, { terms: termsOf(depth) }) });
    const later = { notBefore: new Date(start + hour) };
    await lanes.move({
      enter: [
        ...jobs("held", 7, { isPaused: true }),
        ...jobs("late", 2, later),
        job("busy", "waits", { terms: termsOf(depth) }),
      ],
    });
    expect(await look()).toMatchObject({ startable: 0, timed: 2, paused: 0, heads: [] });
  });

  it("is nothing of a creator that was in line until it was paused, or its last job was taken out", async () => {
    await keepWorkersBusy();
    await lanes.move({ enter: [...jobs("psy", 3), ...jobs("iu", 1), ...jobs("rain", 2)] });
    await lanes.move({
      pause: [{ creatorId: "psy", isPaused: true }],
      remove: [job("iu", "iu1")],
    });
    expect(await look(["psy"])).toMatchObject({ startable: 2, paused: 3, heads: [{}] });
  });

  it("is one job of a creator whose token has just come, beside those of who is in line", async () => {
    const terms = termsOf(1);
    worker.freeSlots = 5;
    await lanes.move({ enter: [...jobs("psy", 3, { terms }), ...jobs("busy", depth)] });
    clock.now = start + hour - 1;
    expect(await look()).toMatchObject({ startable: 0 });
    clock.now = start + hour;
    expect(await look()).toMatchObject({ startable: 1, heads: [] });
    clock.now = start + hour - 1;
    await lanes.move({ enter: jobs("iu", 5) });
    clock.now = start + hour;
    expect(await look()).toMatchObject({ startable: 5 + 1, heads: [{ entry: "iu1-g1|messaging" }] });
  });

  it("is scaled up from those creators that are looked at, where there are many", async () => {
    await keepWorkersBusy();
    const creators = Array.from({ length: 400 }, (_, index) => `creator${index}`);
    await lanes.move({ enter: creators.flatMap((creatorId) => jobs(creatorId, 3, { terms: termsOf(9) })) });
    const { heads, startable } = await look();
    expect([heads.length, startable]).toEqual([250, 3 * 400]);
  });

  it("believes no bucket of an earlier Redis: each was emptied when this one began", async () => {
    await keepWorkersBusy();
    await lanes.move({ enter: jobs("psy", 30, { terms: termsOf(10) }) });
    clock.now = start + 50 * hour;
    await replaceRedis();
    await lanes.move({});
    const entry = "psy1-g1|messaging";
    expect(await look()).toMatchObject({ startable: 0, heads: [{ entry, tokenSeconds: 0 }] });
    clock.now += 3 * hour;
    expect(await look()).toMatchObject({ startable: 3, heads: [{ entry, tokenSeconds: 2 * 3_600 }] });
  });

  it("is no less where a creator has to wait for more than a whole bucket, since clocks differ", async () => {
    worker.freeSlots = 10;
    await lanes.move({ enter: jobs("psy", 10, { terms: termsOf(11) }) });
    worker.freeSlots = 0;
    await lanes.move({ enter: [...jobs("psy", 12, { terms: termsOf(11) })] });
    clock.now = start - 20 * hour;
    await replaceRedis();
    await lanes.move({ enter: jobs("iu", 2, { creatorSince: new Date(start) }) });
    expect((await look()).startable).toBe(2);
    clock.now = start;
    expect((await look()).startable).toBe(2 + 1);
  });
});

describe("what is told of waiting jobs", () => {
  it("is how many of each agent wait, and how many of all creators that are paused", async () => {
    await keepWorkersBusy();
    const isPaused = true;
    await lanes.move({
      enter: [
        ...jobs("psy", 5, { agent: "chat", isPaused }),
        ...jobs("iu", 2, { agent: "test", isPaused }),
        ...jobs("rain", 4, { agent: "chat", isPaused }),
        ...jobs("busy", 7),
      ],
    });
    const { waiting, paused } = await look(["psy", "rain", "nobody"]);
    // The first four of `busy` are released already.
    expect([...waiting]).toEqual([
      ["test", 2],
      ["chat", 9],
      ["sales", 0],
      ["messaging", 3],
    ]);
    expect(paused).toBe(9);
    expect((await laneBacklog(redis, [], [])).waiting.size).toBe(0);
  });

  it("is the first job of each creator in line, and since when there is a token for it", async () => {
    await keepWorkersBusy();
    const terms = termsOf(3);
    worker.freeSlots = 3 + depth;
    await lanes.move({ enter: jobs("psy", 5, { terms }) });
    worker.freeSlots = 0;
    clock.now = start + 1.5 * hour;
    await lanes.move({ enter: [job("psy", "urgent", { terms, priority: 1 })] });
    clock.now = start + 2.5 * hour;
    expect((await look()).heads).toEqual([{ entry: "urgent-g1|messaging", tokenSeconds: 1.5 * 3_600 }]);
  });

  it("is for how long the oldest of the released jobs has waited for a worker", async () => {
    expect((await look()).releasedSeconds).toBe(0);
    worker.freeSlots = 9;
    await lanes.move({ enter: jobs("psy", 2) });
    clock.now = start + 3_000;
    await lanes.move({ enter: jobs("iu", 2) });
    clock.now = start + 10_500;
    expect((await look()).releasedSeconds).toBe(10.5);
    await lanes.move({ started: jobs("psy", 2).map(({ entry }) => entry) });
    expect((await look()).releasedSeconds).toBe(7.5);
    // Another Redis' clock may be behind.
    clock.now = start;
    expect((await look()).releasedSeconds).toBe(0);
  });

  it("is asked by a script that a connection learns once", async () => {
    await look();
    const learns = jest.spyOn(redis, "defineCommand");
    await look();
    expect(learns).not.toHaveBeenCalled();
    learns.mockRestore();
  });

  it("is nothing where a lane can't be read", async () => {
    await redis.set("{lanes}:lane:psy", "not a lane");
    await expect(look(["iu", "psy"])).rejects.toThrow("WRONGTYPE");
  });
});
