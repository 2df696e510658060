import { expect, it } from "@jest/globals";
import { confidenceAt } from "../src/index.ts";

const createdAt = new Date("2026-11-01T12:00:00Z");
const daysLater = (days: number) => new Date(createdAt.getTime() + days * 86_400_000);

it.each([
  [0, 0.5],
  [30, 0.4],
  [60, 0.32],
  [15, 0.447214],
])("after %d days of a confidence of 0.5 %d is left", (days, left) => {
  expect(confidenceAt({ confidence: 0.5, createdAt }, daysLater(days))).toBeCloseTo(left, 6);
});

it("never has a confidence grow before its time, as where clocks differ", () => {
  expect(confidenceAt({ confidence: 0.5, createdAt }, daysLater(-30))).toBe(0.5);
});
