import { describe, expect, it } from "@jest/globals";
import {
  ask,
  bucketOf,
  clock,
  hour,
  job,
  jobs,
  lanes,
  redis,
  release,
  replaceRedis,
  restartRedis,
  start,
  termsOf,
  worker,
} from "./lane-fixture.ts";

/** Of a creator that is as old as this Redis: its bucket counts as empty when Redis began. */
const older = { creatorSince: new Date(start) };

describe("a token", () => {
  it("is there for each of a burst, then for one job each interval, and not a millisecond before", async () => {
    const terms = termsOf(3, 2);
    expect(await release({ enter: jobs("psy", 6, { terms }) })).toEqual(["psy1", "psy2", "psy3"]);
    clock.now = start + hour / 2 - 1;
    expect(await lanes.move({})).toMatchObject({ released: [], nextInMs: 1 });
    clock.now = start + hour / 2;
    expect(await release()).toEqual(["psy4"]);
    clock.now = start + hour + 0.5;
    expect(await release()).toEqual(["psy5"]);
    // The next one is counted from when the last one came, not from when it was taken.
    expect((await lanes.move({})).nextInMs).toBe(hour / 2 - 0.5);
  });

  it("is saved up while nothing starts, as far as the burst goes", async () => {
    const terms = termsOf(3);
    await lanes.move({ enter: jobs("psy", 3, { terms }) });
    expect(await bucketOf("psy", terms)).toEqual({ tokens: 0, inHours: 1 });
    clock.now = start + 2.5 * hour;
    expect(await bucketOf("psy", terms)).toEqual({ tokens: 2, inHours: -1.5 });
    clock.now = start + 10 * hour;
    expect(await bucketOf("psy", terms)).toEqual({ tokens: 3, inHours: -2 });
    await lanes.move({ enter: [job("psy", "one", { terms })] });
    expect(await bucketOf("psy", terms)).toEqual({ tokens: 2, inHours: -1 });
    clock.now += hour - 1;
    expect((await ask("psy", terms)).tokens).toBe(2);
    clock.now += 1;
    expect((await ask("psy", terms)).tokens).toBe(3);
  });

  it("is counted whole though its interval is no whole number", async () => {
    const terms = termsOf(2, 7);
    await lanes.move({ enter: jobs("psy", 1, { terms }) });
    expect((await ask("psy", terms)).tokens).toBe(1);
  });

  it("is told with the time of Redis, to the microsecond, and with all else of bucket and lane", async () => {
    clock.now = start + 59_999.25;
    const terms = termsOf(2, 4);
    const { entered } = await lanes.move({
      enter: [...jobs("psy", 4, { terms }), ...jobs("iu", 1, { terms: termsOf(1), isPaused: true })],
    });
    const taken = { waiting: 2, tokens: 0, nextTokenAt: clock.now + hour / 4, now: clock.now };
    const psy = { ...taken, interval: hour / 4, burst: 2, isPaused: false };
    const iu = { waiting: 1, tokens: 1, nextTokenAt: clock.now, now: clock.now, interval: hour, burst: 1 };
    expect(entered).toEqual([
      { ...psy, position: undefined },
      { ...psy, position: undefined },
      { ...psy, position: 0 },
      { ...psy, position: 1 },
      { ...iu, position: 0, isPaused: true },
    ]);
    const look = { ...terms, creatorSince: new Date(start + 1).toISOString(), isPaused: false };
    expect(await lanes.look("psy", look, "psy4-g1|messaging")).toEqual(entered[3]);
    expect(await lanes.look("psy", look, "psy1-g1|messaging")).toEqual(entered[0]);
  });
});

describe("a bucket that is not known", () => {
  const terms = termsOf(5);

  it("was emptied when this Redis began, but is full for a creator that is newer by a millisecond", async () => {
    clock.now = start + 2 * hour;
    expect(await bucketOf("old", terms, older)).toEqual({ tokens: 2, inHours: -1 });
    expect(await bucketOf("new", terms, { creatorSince: new Date(start + 1) })).toMatchObject({ tokens: 5 });
    const look = (creatorSince: number) =>
      lanes.look("none", { ...terms, creatorSince: new Date(creatorSince).toISOString(), isPaused: false });
    expect(await look(start)).toMatchObject({ tokens: 2, nextTokenAt: start + hour });
    expect(await look(start + 1)).toMatchObject({ tokens: 5 });
  });

  it("is looked at also before this Redis has moved anything", async () => {
    await redis.flushall();
    const look = (creatorSince: string) => lanes.look("none", { ...terms, creatorSince, isPaused: true });
    expect(await look(new Date(start).toISOString())).toMatchObject({ tokens: 0, nextTokenAt: start + hour });
    expect(await look(new Date(start + 1).toISOString())).toMatchObject({ tokens: 5, isPaused: true });
  });
});

describe("tokens that were used", () => {
  it("stay used in a larger bucket, however long each takes there", async () => {
    await lanes.move({ enter: jobs("psy", 3, { terms: termsOf(4) }) });
    expect(await bucketOf("psy", termsOf(6, 2))).toEqual({ tokens: 3, inHours: -1 });
    clock.now += hour / 2;
    expect(await bucketOf("psy", termsOf(6, 2))).toEqual({ tokens: 4, inHours: -1.5 });
    // Half of one has come back, at whichever pace.
    clock.now += hour / 4;
    expect(await bucketOf("psy", termsOf(6, 1))).toEqual({ tokens: 4, inHours: -3.5 });
  });

  it("are owed by no more than a smaller bucket holds, and count again when it grows", async () => {
    await lanes.move({ enter: jobs("psy", 3, { terms: termsOf(4) }) });
    expect(await bucketOf("psy", termsOf(2))).toEqual({ tokens: 0, inHours: 1 });
    expect(await bucketOf("psy", termsOf(4))).toEqual({ tokens: 1, inHours: 0 });
    expect(await bucketOf("psy", termsOf(2))).toEqual({ tokens: 0, inHours: 1 });
    clock.now += hour;
    expect(await bucketOf("psy", termsOf(4))).toEqual({ tokens: 2, inHours: -1 });
  });

  it("come back also while the bucket is too small to owe them", async () => {
    await lanes.move({ enter: jobs("psy", 10, { terms: termsOf(10) }) });
    expect(await bucketOf("psy", termsOf(1))).toEqual({ tokens: 0, inHours: 1 });
    clock.now += 3 * hour;
    expect(await bucketOf("psy", termsOf(10))).toEqual({ tokens: 3, inHours: -2 });
    await bucketOf("psy", termsOf(1));
    clock.now += 20 * hour;
    expect(await bucketOf("psy", termsOf(10))).toMatchObject({ tokens: 10 });
  });

  it("count again once, when the bucket grows", async () => {
    await lanes.move({ enter: jobs("psy", 4, { terms: termsOf(4) }) });
    await bucketOf("psy", termsOf(2));
    expect(await bucketOf("psy", termsOf(3))).toEqual({ tokens: 0, inHours: 1 });
    expect(await bucketOf("psy", termsOf(4))).toEqual({ tokens: 0, inHours: 1 });
    expect(await bucketOf("psy", termsOf(5))).toEqual({ tokens: 1, inHours: 0 });
  });

  it("do not count again for a job that enters under the terms in force", async () => {
    await lanes.move({ enter: jobs("psy", 4, { terms: termsOf(4) }) });
    await bucketOf("psy", termsOf(2));
    clock.now += 2.5 * hour;
    expect(await bucketOf("psy", termsOf(2))).toMatchObject({ tokens: 2 });
  });

  it("are judged by changed terms of a creator that has a lane, and of no other", async () => {
    await lanes.move({ enter: [...jobs("psy", 6, { terms: termsOf(4) }), ...jobs("iu", 1)] });
    expect(await release({ terms: [{ creatorId: "psy", ...termsOf(5) }] })).toEqual(["psy5"]);
    expect(await bucketOf("iu", termsOf(20))).toMatchObject({ tokens: 19 });
    await lanes.move({ terms: [{ creatorId: "rain", ...termsOf(5) }] });
    expect(await redis.keys("*rain*")).toEqual([]);
    // A change of the pace alone, of the burst alone, and of both.
    expect(await lanes.move({ terms: [{ creatorId: "psy", ...termsOf(5, 2) }] })).toMatchObject({
      nextInMs: hour / 2,
    });
    expect(await release({ terms: [{ creatorId: "psy", ...termsOf(6, 2) }] })).toEqual(["psy6"]);
  });
});

describe("a bucket that was emptied when Redis began", () => {
  it("has no more than has come since, however large it becomes", async () => {
    await bucketOf("psy", termsOf(5), older);
    clock.now += 2 * hour;
    expect(await bucketOf("psy", termsOf(8), older)).toEqual({ tokens: 2, inHours: -1 });
    // Two have come, at whichever pace; from now on at the new one.
    expect(await bucketOf("psy", termsOf(8, 2), older)).toEqual({ tokens: 2, inHours: -0.5 });
    clock.now += hour;
    expect(await bucketOf("psy", termsOf(20, 2), older)).toEqual({ tokens: 4, inHours: -1.5 });
  });

  it("is full when a burst has come, and owes nothing after a long time", async () => {
    await bucketOf("psy", termsOf(5), older);
    clock.now += 6 * hour;
    expect(await bucketOf("psy", termsOf(7), older)).toEqual({ tokens: 6, inHours: -5 });
    clock.now += 100 * hour;
    await lanes.move({ enter: jobs("psy", 5, { ...older, terms: termsOf(7) }) });
    expect(await bucketOf("psy", termsOf(9), older)).toMatchObject({ tokens: 4 });
    clock.now += 100 * hour;
    expect(await bucketOf("psy", termsOf(50), older)).toMatchObject({ tokens: 50 });
  });
});

describe("another run of Redis", () => {
  it("is known by its own name, though it has all that the last one knew", async () => {
    await lanes.move({ enter: jobs("psy", 1, { terms: termsOf(5) }) });
    clock.now += 10 * hour;
    await restartRedis();
    expect(await bucketOf("psy", termsOf(5))).toEqual({ tokens: 0, inHours: 1 });
    clock.now += 3 * hour;
    expect(await bucketOf("psy", termsOf(5))).toMatchObject({ tokens: 3 });
  });

  it("believes no bucket of the last one: each is empty when it begins, whenever it is looked at", async () => {
    const terms = termsOf(5);
    await lanes.move({ enter: [...jobs("psy", 1, { terms }), ...jobs("iu", 1, { terms })] });
    clock.now += 10 * hour;
    await replaceRedis();
    expect(await bucketOf("psy", terms)).toEqual({ tokens: 0, inHours: 1 });
    clock.now += 2 * hour;
    expect(await bucketOf("iu", terms)).toEqual({ tokens: 2, inHours: -1 });
    expect(await bucketOf("psy", terms)).toEqual({ tokens: 2, inHours: -1 });
    expect(await bucketOf("iu", termsOf(9))).toMatchObject({ tokens: 2 });
    // From then on it is believed, also at another pace.
    clock.now += 8 * hour;
    expect(await bucketOf("psy", termsOf(5, 0.25))).toMatchObject({ tokens: 5 });
    expect(await bucketOf("psy", termsOf(5, 0.25))).toMatchObject({ tokens: 5 });
  });

  it("believes none either for who only looks", async () => {
    const terms = termsOf(5);
    await lanes.move({ enter: jobs("psy", 1, { terms }) });
    clock.now += 10 * hour;
    await replaceRedis();
    await lanes.move({});
    clock.now += 2 * hour;
    const look = { ...terms, creatorSince: new Date(start + 1).toISOString(), isPaused: false };
    expect((await lanes.look("psy", look)).tokens).toBe(2);
  });

  it("is told from the one before it each time", async () => {
    for (const run of [1, 2, 3]) {
      clock.now += 10 * hour;
      await replaceRedis();
      expect(await bucketOf("psy", termsOf(5), older)).toEqual({ tokens: 0, inHours: 1 });
      expect(await bucketOf("iu", termsOf(5), { creatorSince: new Date(clock.now + 1) })).toMatchObject({
        tokens: run === 1 ? 5 : 0,
      });
      clock.now += 3 * hour;
      expect(await bucketOf("psy", termsOf(5), older)).toMatchObject({ tokens: 3 });
    }
  });

  it("keeps what a bucket still has to wait for, where its clock is behind", async () => {
    await lanes.move({ enter: jobs("psy", 20) });
    clock.now -= 2 * hour;
    await replaceRedis();
    expect(await bucketOf("psy", termsOf(20))).toEqual({ tokens: 0, inHours: 3 });
  });

  it("releases nothing that was about to start under the last one before a token has come", async () => {
    const terms = termsOf(5);
    worker.freeSlots = 0;
    const before = jobs("filler", 4);
    await lanes.move({ enter: before });
    expect(await release({ enter: jobs("psy", 3, { terms }) })).toEqual([]);
    clock.now += hour;
    await replaceRedis();
    const started = before.map(({ entry }) => entry);
    expect(await lanes.move({ started })).toMatchObject({ released: [], nextInMs: hour });
    clock.now += hour;
    expect(await release()).toEqual(["psy1"]);
  });
});
