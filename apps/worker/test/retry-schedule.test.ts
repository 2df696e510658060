import { describe, expect, it } from "@jest/globals";
import { nextTryAt, retrySchedule, standardSchedule } from "../src/webhooks/retry-schedule.ts";

const now = new Date("2026-11-22T12:00:00Z");
const pauseMs = (schedule: number[], tries: number, retryAfter?: string) => {
  const next = nextTryAt(schedule, tries, now, retryAfter);
  return next && next.getTime() - now.getTime();
};

describe("the schedule of tries", () => {
  it("is that of Standard Webhooks: ten tries over about three days, each pause a little off", () => {
    const schedule = retrySchedule.parse(standardSchedule);
    const hours = schedule.reduce((sum, ms) => sum + ms, 0) / 3_600_000;
    expect(hours).toBeGreaterThan(72);
    expect(hours).toBeLessThan(80);
    const pauses = Array.from({ length: 9 }, (_, index) => pauseMs(schedule, index + 1) ?? 0);
    for (const [index, ms] of schedule.entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(ms * 0.8);
      expect(pauses[index]).toBeLessThanOrEqual(ms * 1.2);
    }
    expect(pauseMs(schedule, 10)).toBeUndefined();
    expect(new Set(Array.from({ length: 20 }, () => pauseMs(schedule, 5))).size).toBeGreaterThan(1);
  });

  it("is read from text, and refused where it says nothing", () => {
    expect(retrySchedule.parse("200ms, 1s,5s")).toEqual([200, 1_000, 5_000]);
    for (const text of ["", "1s,", "soon", "-1s", "1s;2s", "900d"])
      expect(retrySchedule.safeParse(text).success).toBe(false);
  });

  it.each([
    ["120", 120_000],
    ["Sun, 22 Nov 2026 12:02:00 GMT", 120_000],
    ["999999999", 24 * 3_600_000],
  ])("waits as long as Retry-After says (%s), a day at most", (retryAfter, ms) => {
    expect(pauseMs([1_000], 1, retryAfter)).toBe(ms);
  });

  it.each(["0", "-5", "later", "Sun, 22 Nov 2020 12:02:00 GMT"])(
    "does not hurry for a Retry-After of %s",
    (retryAfter) => {
      expect(pauseMs([1_000], 1, retryAfter)).toBeGreaterThanOrEqual(800);
    },
  );
});
