import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import { ServiceMetrics, watchClock } from "../src/index.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

it("shows how far the own clock is ahead, and logs it once for each change", async () => {
  let skewMs: number | undefined;
  const logged: [string, object][] = [];
  const log = (level: string) => (fields: object) => void logged.push([level, fields]);
  const metrics = new ServiceMetrics("worker");
  const watch = watchClock(
    metrics,
    { now: () => new Date(), skewMs: () => skewMs },
    { info: log("info"), warn: log("warn") },
  );
  const lookWith = (ms: number) => {
    skewMs = ms;
    jest.advanceTimersByTime(60_000);
  };
  for (const ms of [5_000, -5_000, -5_001, -8_000, 600_000, 604_000, 4_000, 0]) lookWith(ms);
  expect(logged).toEqual([
    ["warn", { skewSeconds: -5.001 }],
    ["warn", { skewSeconds: 600 }],
    ["info", { skewSeconds: 4 }],
  ]);

  skewMs = -1_500;
  expect((await metrics.scrape()).body).toContain("\nunderstudy_clock_skew_seconds -1.5\n");
  watch.stop();
  lookWith(99_000);
  expect(logged).toHaveLength(3);
});
