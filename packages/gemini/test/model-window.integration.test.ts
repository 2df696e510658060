import { describe, expect, it } from "@jest/globals";
import { admit, announced, buckets, clock, end, redis, scripts, start, windowMs } from "./gate-fixture.ts";

/** Asks under these limits, so often. @returns "go", or how long to wait */
async function ask(limits: Parameters<typeof admit>[0], times = 1): Promise<(number | "go")[]> {
  const told: (number | "go")[] = [];
  for (let time = 0; time < times; time++) {
    const { verdict, delayMs } = await admit(limits);
    told.push(verdict === "go" ? verdict : delayMs);
  }
  return told;
}

const keptMs = () => redis.pttl("understudy:{model-flash}:window");

describe("the limits of a model", () => {
  it("let as many requests go as fit, and tell the others to come one after the other at their pace", async () => {
    const pace = windowMs / 3;
    expect(await ask({ requests: 3 }, 6)).toEqual([
      "go",
      "go",
      "go",
      windowMs,
      Math.ceil(windowMs + pace),
      Math.ceil(Math.ceil(windowMs + pace) + pace),
    ]);
  });

  it("count what was admitted until its bucket has left the window, to the millisecond", async () => {
    const limits = { requests: 3 };
    clock.now = start + 999;
    expect(await ask(limits, 2)).toEqual(["go", "go"]);
    clock.now = start + 5_500;
    expect(await ask(limits)).toEqual(["go"]);
    clock.now = start + windowMs - 1;
    expect(await ask(limits)).toEqual([1]);
    clock.now = start + windowMs;
    expect(await ask(limits, 2)).toEqual(["go", "go"]);
    // The next to leave is the one of the sixth second; who waited before was told the time before it.
    expect(await ask({ requests: 3 })).toEqual([Math.ceil(windowMs / 3)]);
    clock.now = start + 5_000 + windowMs;
    expect(await ask(limits, 2)).toMatchObject(["go", expect.any(Number)]);
  });

  it("wait for the oldest buckets to leave, also where clocks differ", async () => {
    clock.now = start + 5_000;
    expect(await ask({ requests: 3 })).toEqual(["go"]);
    clock.now = start;
    expect(await ask({ requests: 3 }, 2)).toEqual(["go", "go"]);
    clock.now = start + 10_000;
    expect(await ask({ requests: 3 })).toEqual([windowMs - 10_000]);
  });

  it("count tokens: as many as are left fit, and one more does not", async () => {
    const tokensMax = 1_000;
    expect(await ask({ tokensMax, tokens: 400 })).toEqual(["go"]);
    clock.now = start + 1_000;
    expect(await ask({ tokensMax, tokens: 300 })).toEqual(["go"]);
    expect(await ask({ tokensMax, tokens: 301 })).toEqual([windowMs - 1_000]);
    expect(await ask({ tokensMax, tokens: 300 })).toEqual(["go"]);
    expect(await ask({ tokensMax, tokens: 0 })).toEqual(["go"]);
  });

  it("tell how many buckets have to leave for so many tokens", async () => {
    const tokensMax = 1_000;
    for (const [seconds, tokens] of [
      [0, 400],
      [2, 300],
      [5, 200],
    ] as const) {
      clock.now = start + 1_000 * seconds;
      expect(await ask({ tokensMax, tokens })).toEqual(["go"]);
    }
    clock.now = start + 10_000;
    const delay = async (tokens: number) => {
      await redis.hdel("understudy:{model-flash}:window", "tail");
      return (await ask({ tokensMax, tokens }))[0];
    };
    expect(await delay(500)).toBe(windowMs - 10_000);
    expect(await delay(501)).toBe(windowMs + 2_000 - 10_000);
    expect(await delay(800)).toBe(windowMs + 2_000 - 10_000);
    expect(await delay(801)).toBe(windowMs + 5_000 - 10_000);
    expect(await delay(1_000)).toBe(windowMs + 5_000 - 10_000);
  });

  it("go at the pace of that limit which is the slower", async () => {
    const limits = { requests: 4, tokensMax: 1_000 };
    expect(await ask({ ...limits, tokens: 1_000 })).toEqual(["go"]);
    expect(await ask({ ...limits, tokens: 500 }, 2)).toEqual([windowMs, windowMs * 1.5]);
    expect(await ask({ ...limits, tokens: 10 })).toEqual([windowMs * 1.75]);
    // Without a limit of requests it is that of the tokens alone.
    expect(await ask({ tokensMax: 1_000, tokens: 100 })).toEqual([windowMs * 1.85]);
  });

  it("are both to be kept: either is enough to wait for", async () => {
    const limits = { requests: 2, tokensMax: 100 };
    expect(await ask({ ...limits, tokens: 100 })).toEqual(["go"]);
    expect(await ask({ ...limits, tokens: 1 })).toMatchObject([expect.any(Number)]);
    expect(await ask({ ...limits, tokens: 0 })).toEqual(["go"]);
    expect(await ask({ ...limits, tokens: 0 })).toMatchObject([expect.any(Number)]);
  });

  it("are a model's own, and none where there are none", async () => {
    expect(await ask({ requests: 1 }, 2)).toEqual(["go", windowMs]);
    expect((await admit({ requests: 1 }, "pro")).verdict).toBe("go");
    expect(await ask({}, 3)).toEqual(["go", "go", "go"]);
    expect(await redis.keys("*pro*")).toEqual(["understudy:{model-pro}:window"]);
    expect((await admit({}, "lite")).bucket).toBe(0);
    expect(await redis.keys("*lite*")).toEqual([]);
  });

  it("tell nobody to come later than so long, unless nothing fits before", async () => {
    const pace = windowMs;
    expect(await ask({ requests: 1, waitMsMax: 2 * pace }, 5)).toEqual([
      "go",
      pace,
      2 * pace,
      2 * pace,
      2 * pace,
    ]);
    // Who was told the longest did not push the others back.
    expect(await ask({ requests: 1 })).toEqual([3 * pace]);
    expect(await ask({ requests: 1, waitMsMax: 10_000 })).toEqual([windowMs]);
  });

  it("are kept as long as they count, and as someone was told to come", async () => {
    await ask({ requests: 1 });
    expect(await keptMs()).toBeGreaterThan(2 * windowMs - 5_000);
    expect(await keptMs()).toBeLessThanOrEqual(2 * windowMs);
    await ask({ requests: 1 }, 4);
    expect(await keptMs()).toBeGreaterThan(4 * windowMs - 5_000);
    clock.now = start + windowMs;
    await ask({ requests: 2 });
    expect(await keptMs()).toBeGreaterThan(3 * windowMs - 5_000);
    expect(await keptMs()).toBeLessThanOrEqual(3 * windowMs);
  });

  it("keep no more than the window, however long they are asked", async () => {
    for (let second = 0; second < 2 * buckets; second++) {
      clock.now = start + 1_000 * second;
      await ask({ requests: 1_000, tokensMax: 1_000, tokens: 1 });
    }
    expect(await redis.hlen("understudy:{model-flash}:window")).toBe(2 * buckets);
  });
});

describe("what was reserved", () => {
  it("is named by its bucket, and given back to it: so much, and of no other", async () => {
    const limits = { requests: 2, tokensMax: 100 };
    const first = await admit({ ...limits, tokens: 60 });
    expect(first).toMatchObject({ verdict: "go", delayMs: 0, bucket: start / 1_000, probe: 0 });
    clock.now = start + 3_000;
    const second = await admit({ ...limits, tokens: 40 });
    expect(second.bucket).toBe(start / 1_000 + 3);
    await end("answered", { bucket: first.bucket, tokensBack: 25 });
    expect((await ask({ tokensMax: 100, tokens: 26 }))[0]).toBe(windowMs - 3_000);
    expect(await ask({ tokensMax: 100, tokens: 25 })).toEqual(["go"]);
    // What is given back are tokens: both requests were sent.
    expect(await ask({ requests: 2 })).toMatchObject([expect.any(Number)]);
    await end("unsent", { bucket: second.bucket, requestsBack: 1, tokensBack: 40 });
    expect(await ask({ requests: 3 })).toEqual(["go"]);
  });

  it("is gone for good once its bucket is", async () => {
    const { bucket } = await admit({ requests: 2, tokensMax: 100, tokens: 60 });
    clock.now = start + windowMs;
    await admit({ requests: 2, tokensMax: 100, tokens: 100 });
    await end("unsent", { bucket, requestsBack: 1, tokensBack: 60 });
    expect(await ask({ tokensMax: 100, tokens: 1 })).toMatchObject([expect.any(Number)]);
    expect(await redis.hlen("understudy:{model-flash}:window")).toBe(3);
  });
});

describe("a pause", () => {
  it("keeps all calls of the model from going until it is over, whatever its limits are", async () => {
    expect(await scripts.pauseModel("flash", 5_000, 600_000)).toMatchObject({ isLonger: true });
    clock.now = start + 1_200;
    for (const limits of [{}, { requests: 5 }]) {
      expect(await admit(limits)).toMatchObject({ verdict: "paused", delayMs: 3_800, bucket: 0, probe: 0 });
    }
    expect((await admit({}, "pro")).verdict).toBe("go");
    clock.now = start + 4_999;
    expect(await admit()).toMatchObject({ verdict: "paused", delayMs: 1 });
    clock.now = start + 5_000;
    expect((await admit()).verdict).toBe("go");
  });

  it("is made longer, never shorter, and announced when it is", async () => {
    const pause = async (ms: number) => {
      const { isLonger, report } = await scripts.pauseModel("flash", ms, 600_000);
      return [isLonger, report.pausedMs];
    };
    expect(await pause(5_000)).toEqual([true, 5_000]);
    expect(await pause(4_999)).toEqual([false, 5_000]);
    expect(await pause(5_000)).toEqual([false, 5_000]);
    clock.now = start + 1_000;
    expect(await pause(4_001)).toEqual([true, 4_001]);
    expect(await announced()).toEqual([
      { model: "flash", report: { version: start * 1_000, pausedMs: 5_000, opens: 0, watchedMs: 3_605_000 } },
      {
        model: "flash",
        report: { version: (start + 1_000) * 1_000, pausedMs: 4_001, opens: 0, watchedMs: 3_604_001 },
      },
    ]);
  });

  it("is known for an hour after its end", async () => {
    await scripts.pauseModel("flash", 60_000, 600_000);
    const ttl = await redis.pttl("understudy:{model-flash}:state");
    expect(ttl).toBeGreaterThan(3_655_000);
    expect(ttl).toBeLessThanOrEqual(3_660_000);
  });

  it("is told in whole milliseconds, with a version to the microsecond", async () => {
    await scripts.pauseModel("flash", 5_000, 600_000);
    clock.now = start + 2.75;
    expect((await admit()).report).toEqual({
      version: start * 1_000 + 2_750,
      pausedMs: 4_998,
      opens: 0,
      watchedMs: 3_604_998,
    });
  });
});

describe("pauses in a row", () => {
  /** Pauses, as a 429 asks that comes when the one before is just over; how long each is. */
  async function pauses(asked: readonly number[], pauseMsMax = 600_000): Promise<number[]> {
    const told: number[] = [];
    for (const ms of asked) {
      const { report } = await scripts.pauseModel("flash", ms, pauseMsMax);
      told.push(report.pausedMs);
      clock.now += report.pausedMs;
    }
    return told;
  }

  it("double up to the longest, and are never shorter than was asked", async () => {
    const fives = Array.from({ length: 9 }, () => 5_000);
    const doubled = [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000];
    expect(await pauses(fives)).toEqual(doubled);
    expect(await pauses([41_000, 3_600_000, 1_000])).toEqual([600_000, 3_600_000, 600_000]);
    expect(await pauses(Array.from({ length: 1_100 }, () => 1_000)).then((all) => new Set(all))).toEqual(
      new Set([600_000]),
    );
  });

  it("are counted by pause, not by each call that was under way", async () => {
    await pauses([5_000]);
    clock.now -= 4_000;
    expect(await scripts.pauseModel("flash", 5_000, 600_000)).toMatchObject({ report: { pausedMs: 5_000 } });
    expect(await scripts.pauseModel("flash", 9_000, 600_000)).toMatchObject({ report: { pausedMs: 9_000 } });
    clock.now += 9_000;
    expect(await pauses([5_000])).toEqual([10_000]);
  });

  it("begin anew once a call is answered, and with nothing else", async () => {
    await pauses([5_000, 5_000]);
    await announced();
    for (const ending of ["refused", "failed", "unsent", "unjudged"] as const)
      await end(ending, { failedMin: 100 });
    expect((await announced()).filter(({ report }) => report.opens === 0)).toEqual([]);
    expect(await pauses([5_000])).toEqual([20_000]);
    const { report } = await end("answered");
    expect(report).toMatchObject({ opens: 0, pausedMs: 0 });
    expect((await announced()).at(-1)).toEqual({ model: "flash", report });
    expect(await pauses([5_000, 5_000])).toEqual([5_000, 10_000]);
    // Told by a call that was under way when the model was paused.
    clock.now -= 1;
    expect((await end("answered")).report).toMatchObject({ pausedMs: 1, opens: 0 });
    clock.now += 1;
    expect(await pauses([5_000])).toEqual([5_000]);
  });

  it("let one call go alone from the second on, and another when that takes too long", async () => {
    await pauses([5_000]);
    expect([(await admit()).verdict, (await admit()).verdict]).toEqual(["go", "go"]);
    await pauses([5_000]);
    expect(await admit({ probeMs: 8_000 })).toMatchObject({ verdict: "go", probe: 0, report: { opens: 1 } });
    expect(await admit()).toMatchObject({ verdict: "paused", delayMs: 4_000, bucket: 0 });
    clock.now += 7_999;
    expect(await admit()).toMatchObject({ verdict: "paused", delayMs: 1 });
    clock.now += 1;
    expect((await admit({ probeMs: 8_000 })).verdict).toBe("go");
    expect((await admit()).verdict).toBe("paused");
    await end("answered");
    expect([(await admit()).verdict, (await admit()).verdict]).toEqual(["go", "go"]);
    expect((await admit()).report.opens).toBe(0);
  });

  it("let the one that goes alone wait for the model's limits as any other", async () => {
    await admit({ requests: 1 });
    await pauses([5_000, 5_000]);
    expect((await admit({ requests: 1 })).verdict).toBe("rate");
    clock.now = start + windowMs;
    expect((await admit({ requests: 1 })).verdict).toBe("go");
  });

  it("are forgotten an hour after the last", async () => {
    await pauses([5_000, 5_000]);
    expect(await redis.pttl("understudy:{model-flash}:state")).toBeGreaterThan(3_600_000);
    expect((await admit()).report.watchedMs).toBe(3_600_000);
  });
});
