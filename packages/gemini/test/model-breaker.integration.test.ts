import { describe, expect, it } from "@jest/globals";
import { admit, announced, clock, end, redis, scripts, start } from "./gate-fixture.ts";

async function fail(times: number, more: Parameters<typeof end>[1] = {}) {
  let last = await end("failed", more);
  for (let time = 1; time < times; time++) last = await end("failed", more);
  return last;
}

const openings = async () => (await announced()).map(({ report }) => report.opens);

describe("a model that is watched", () => {
  it("is watched from its first failure on, for a while that does not grow", async () => {
    expect((await end("answered")).report.watchedMs).toBe(0);
    expect(await announced()).toEqual([]);
    expect((await fail(1)).report.watchedMs).toBe(10_000);
    expect(await announced()).toMatchObject([{ model: "flash", report: { watchedMs: 10_000, opens: 0 } }]);
    clock.now = start + 4_000;
    expect(await fail(1)).toMatchObject({ change: "", openMs: 0, report: { watchedMs: 6_000, opens: 0 } });
    expect(await announced()).toEqual([]);
    expect((await admit({}, "pro")).report.watchedMs).toBe(0);
  });

  it("opens the breaker at enough failures of that while", async () => {
    await fail(2);
    clock.now = start + 9_999;
    expect(await fail(1)).toMatchObject({
      change: "opened",
      openMs: 800,
      report: { opens: 1, watchedMs: 0 },
    });
    expect(await announced()).toMatchObject([
      { report: { opens: 0 } },
      { report: { opens: 1, watchedMs: 0 } },
    ]);
  });

  it("begins anew with a failure after it", async () => {
    await fail(2);
    await end("answered");
    clock.now = start + 10_000;
    expect(await fail(1)).toMatchObject({ change: "", report: { watchedMs: 10_000 } });
    expect((await fail(1)).change).toBe("");
    expect((await fail(1)).change).toBe("opened");
  });

  it("opens it at the first failure where one is enough", async () => {
    expect((await fail(1, { failedMin: 1 })).change).toBe("opened");
  });

  it("keeps it closed while more calls were answered than failed", async () => {
    // Before the first failure nothing is counted.
    await end("answered");
    await fail(1);
    for (let time = 0; time < 4; time++) await end("answered");
    await end("unsent");
    await end("unjudged");
    expect((await fail(2)).change).toBe("");
    expect((await fail(1)).change).toBe("opened");
  });

  it("counts no answer after that while", async () => {
    await fail(1);
    await end("answered");
    clock.now = start + 10_000;
    await end("answered");
    await end("answered");
    expect((await fail(1)).change).toBe("");
    expect((await fail(2)).change).toBe("opened");
  });

  it("fails by itself, not with another model", async () => {
    await fail(2);
    expect((await end("failed", {}, "pro")).change).toBe("");
    expect((await fail(1)).change).toBe("opened");
    expect((await admit({}, "pro")).verdict).toBe("go");
  });
});

describe("an open breaker", () => {
  it("lets nothing go until its time is over, then one call as a probe", async () => {
    await fail(3);
    clock.now = start + 300;
    expect(await admit()).toMatchObject({ verdict: "breaker", delayMs: 500, bucket: 0, probe: 0 });
    clock.now = start + 799;
    expect(await admit({ requests: 9 })).toMatchObject({ verdict: "breaker", delayMs: 1 });
    clock.now = start + 800;
    expect(await admit({ requests: 9 })).toMatchObject({ verdict: "go", probe: 1, bucket: start / 1_000 });
    expect(await admit()).toMatchObject({ verdict: "breaker", delayMs: 5_000, probe: 0 });
  });

  it("lets another probe go when one is not heard of; the others come back when most have ended", async () => {
    await fail(3);
    clock.now = start + 800;
    expect((await admit({ probeMs: 301 })).probe).toBe(1);
    expect(await admit()).toMatchObject({ verdict: "breaker", delayMs: 151 });
    clock.now = start + 1_100;
    expect(await admit()).toMatchObject({ verdict: "breaker", delayMs: 1 });
    clock.now = start + 1_101;
    expect(await admit()).toMatchObject({ verdict: "go", probe: 1 });
  });

  it("sends no probe over the limits: then the next one is free to go", async () => {
    await admit({ requests: 1 });
    await fail(3);
    clock.now = start + 800;
    expect(await admit({ requests: 1 })).toMatchObject({ verdict: "rate" });
    expect(await admit({ requests: 2 })).toMatchObject({ verdict: "go", probe: 1 });
  });

  it("stays open for a part of its longest time, at least an eighth, in whole milliseconds", async () => {
    const openMs = async (random: number) => {
      await redis.flushall();
      return (await fail(3, { random })).openMs;
    };
    expect(await openMs(1)).toBe(800);
    expect(await openMs(0.3333)).toBe(266);
    expect(await openMs(0.126)).toBe(100);
    expect(await openMs(0.1)).toBe(100);
    expect(await openMs(0)).toBe(100);
  });

  it("opens anew for twice as long each time that its probe fails, up to a bound", async () => {
    await fail(3);
    const longest: number[] = [];
    for (let probe = 1; probe <= 3; probe++) {
      clock.now += 100_000;
      expect((await admit()).probe).toBe(probe);
      const { change, openMs, report } = await end("failed", { probe });
      expect([change, report.opens]).toEqual(["opened", probe + 1]);
      longest.push(openMs);
    }
    expect(longest).toEqual([1_600, 2_000, 2_000]);
    expect(await openings()).toEqual([0, 1, 2, 3, 4]);
    // Though the last probe was under way, this one's time counts.
    expect(await admit()).toMatchObject({ verdict: "breaker", delayMs: 2_000 });
    clock.now += 2_000;
    expect((await admit()).probe).toBe(4);
  });

  it("closes when its probe is answered, and needs as many failures as before to open again", async () => {
    await fail(3);
    clock.now = start + 800;
    const { probe } = await admit();
    expect(await end("answered", { probe })).toMatchObject({
      change: "closed",
      openMs: 0,
      report: { opens: 0 },
    });
    expect(await openings()).toEqual([0, 1, 0]);
    expect(await admit()).toMatchObject({ verdict: "go", probe: 0 });
    expect(await admit()).toMatchObject({ verdict: "go", probe: 0 });
    expect((await fail(2)).change).toBe("");
    expect(await fail(1)).toMatchObject({ change: "opened", openMs: 800, report: { opens: 1 } });
  });

  it.each(["unsent", "unjudged"] as const)(
    "lets another probe go at once after one that was %s",
    async (ending) => {
      await fail(3);
      clock.now = start + 800;
      const { probe } = await admit();
      expect(await end(ending, { probe })).toMatchObject({ change: "", report: { opens: 1 } });
      expect(await openings()).toEqual([0, 1]);
      expect(await admit()).toMatchObject({ verdict: "go", probe: 1 });
    },
  );

  it("hears no call that is not its probe, nor an earlier probe", async () => {
    await fail(3);
    expect(await end("answered")).toMatchObject({ change: "", report: { opens: 1 } });
    expect(await fail(5)).toMatchObject({ change: "", report: { opens: 1, watchedMs: 0 } });
    clock.now = start + 800;
    await admit();
    await end("failed", { probe: 1 });
    for (const ending of ["answered", "failed", "unsent"] as const) {
      expect(await end(ending, { probe: 1 })).toMatchObject({ change: "", report: { opens: 2 } });
    }
    clock.now = start + 2_400;
    expect((await admit()).probe).toBe(2);
    await end("unsent", { probe: 1 });
    expect((await admit()).verdict).toBe("breaker");
  });

  it("is judged after a pause of the model", async () => {
    await fail(3);
    await scripts.pauseModel("flash", 5_000, 600_000);
    clock.now = start + 2_000;
    expect(await admit()).toMatchObject({ verdict: "paused", delayMs: 3_000, report: { opens: 1 } });
    clock.now = start + 5_000;
    expect(await admit()).toMatchObject({ verdict: "go", probe: 1 });
  });

  it("is forgotten an hour after it was heard of last", async () => {
    await fail(3);
    const ttl = await redis.pttl("understudy:{model-flash}:state");
    expect(ttl).toBeGreaterThan(3_595_000);
    expect(ttl).toBeLessThanOrEqual(3_600_000);
  });
});
