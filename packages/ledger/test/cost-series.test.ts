import { expect, it } from "@jest/globals";
import { stackCosts } from "../src/cost-series.ts";

it("stacks the seven dearest, puts the others together, and loses nothing of the total", () => {
  const keys = Array.from({ length: 9 }, (_, index) => `creator_${index + 1}`);
  const rows = ["2026-11-21", "2026-11-22"].flatMap((day) =>
    keys.map((key, index) => ({ day, key, costUsd: `0.00000000000${index + 1}` })),
  );
  const { days, series, others, totalUsd } = stackCosts(rows);
  expect(days).toEqual(["2026-11-21", "2026-11-22"]);
  expect(series.map(({ key }) => key)).toEqual(keys.toReversed().slice(0, 7));
  expect(others).toEqual({
    keys: 2,
    costsUsd: ["0.000000000003", "0.000000000003"],
    totalUsd: "0.000000000006",
  });
  expect(totalUsd).toBe("0.00000000009");
});

it("has nothing to stack where there are no costs", () => {
  expect(stackCosts([])).toEqual({ days: [], series: [], totalUsd: "0" });
});
