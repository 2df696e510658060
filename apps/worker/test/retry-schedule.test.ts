import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { duration, nextTryAt, retrySchedule, standardSchedule } from "../src/webhooks/retry-schedule.ts";

const now = new Date("2026-11-22T12:00:00Z");
const pauseMs = (schedule: number[], tries: number, retryAfter?: string) => {
  const next = nextTryAt(schedule, tries, now, retryAfter);
  return next && next.getTime() - now.getTime();
};

afterEach(() => void jest.restoreAllMocks());

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

  it.each([
    [0, 80_000],
    [0.25, 90_000],
    [0.5, 100_000],
    [0.999_999, 120_000],
  ])("has pauses that are off by a fifth at most, earlier and later alike: %d", (chance, ms) => {
    jest.spyOn(Math, "random").mockReturnValue(chance);
    expect(Math.round((pauseMs([100_000], 1) ?? 0) / 10)).toBe(ms / 10);
  });

  it("has a pause for each try but the last", () => {
    expect([1, 2, 3].map((tries) => pauseMs([0, 0], tries))).toEqual([0, 0, undefined]);
  });

  it("is read from text, and refused where it says nothing", () => {
    expect(retrySchedule.parse("200ms, 1s,5s")).toEqual([200, 1_000, 5_000]);
    for (const text of ["", "1s,", "soon", "-1s", "1s;2s", "900d"])
      expect(retrySchedule.safeParse(text).success).toBe(false);
    expect(retrySchedule.safeParse(Array(50).fill("1s").join()).success).toBe(true);
    expect(retrySchedule.safeParse(Array(51).fill("1s").join()).success).toBe(false);
  });

  it("has no time below zero or above a year", () => {
    expect(duration.parse(" 0 ")).toBe(0);
    expect(duration.parse("365d")).toBe(365 * 24 * 3_600_000);
    for (const text of ["-1ms", "366d", "31536000001ms", " "]) {
      expect(duration.safeParse(text).error?.issues).toMatchObject([
        { code: "custom", message: "must be a time such as 200ms, 5s, 30m, 2h or 5d, a year at most" },
      ]);
    }
  });

  it.each([
    ["120", 120_000],
    [" 120 ", 120_000],
    ["86399", 86_399_000],
    ["86401", 86_400_000],
    ["Sun, 22 Nov 2026 12:02:00 GMT", 120_000],
    ["999999999", 24 * 3_600_000],
    ["Sun, 29 Nov 2026 12:02:00 GMT", 24 * 3_600_000],
  ])("waits as long as Retry-After says (%s), a day at most", (retryAfter, ms) => {
    expect(pauseMs([1_000], 1, retryAfter)).toBe(ms);
  });

  it.each(["", "0", "1", "1 s", "9999999999", "-5", "later", "Sun, 22 Nov 2020 12:02:00 GMT"])(
    "does not hurry for a Retry-After of %s",
    (retryAfter) => {
      jest.spyOn(Math, "random").mockReturnValue(0.5);
      expect(pauseMs([1_000], 1, retryAfter)).toBe(1_000);
    },
  );
});
