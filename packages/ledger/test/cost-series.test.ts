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
  expect(series[0]).toEqual({
    key: "creator_9",
    costsUsd: ["0.000000000009", "0.000000000009"],
    totalUsd: "0.000000000018",
  });
  expect(others).toEqual({
    keys: 2,
    costsUsd: ["0.000000000003", "0.000000000003"],
    totalUsd: "0.000000000006",
  });
  expect(totalUsd).toBe("0.00000000009");
});

it("has an amount for each day and key, and ranks by all days, where they are alike by key", () => {
  const row = (day: string, key: string, costUsd: string) => ({ day, key, costUsd });
  const { days, series, others, totalUsd } = stackCosts([
    row("2026-11-20", "b", "10"),
    row("2026-11-20", "c", "9"),
    row("2026-11-21", "d", "2"),
    row("2026-11-21", "c", "9"),
    row("2026-11-22", "b", "10"),
    row("2026-11-22", "a", "20"),
  ]);
  expect(days).toEqual(["2026-11-20", "2026-11-21", "2026-11-22"]);
  expect(series).toEqual([
    { key: "a", costsUsd: ["0", "0", "20"], totalUsd: "20" },
    { key: "b", costsUsd: ["10", "0", "10"], totalUsd: "20" },
    { key: "c", costsUsd: ["9", "9", "0"], totalUsd: "18" },
    { key: "d", costsUsd: ["0", "2", "0"], totalUsd: "2" },
  ]);
  expect(others).toBeUndefined();
  expect(totalUsd).toBe("60");
});

it("has others from the eighth key on, also on days on which they cost nothing", () => {
  const rows = Array.from({ length: 8 }, (_, index) => ({
    day: index < 7 ? "2026-11-21" : "2026-11-22",
    key: `k${index}`,
    costUsd: `${8 - index}`,
  }));
  expect(stackCosts(rows.slice(0, 7)).others).toBeUndefined();
  expect(stackCosts(rows).others).toEqual({ keys: 1, costsUsd: ["0", "1"], totalUsd: "1" });
});

it("adds up what floats would not", () => {
  const amounts = ["123456789012", "0.000000000001"];
  const rows = amounts.map((costUsd, index) => ({ day: `2026-11-2${index}`, key: "a", costUsd }));
  expect(stackCosts(rows)).toMatchObject({
    series: [{ totalUsd: "123456789012.000000000001" }],
    totalUsd: "123456789012.000000000001",
  });
  expect(String(Number(amounts[0]) + Number(amounts[1]))).toBe("123456789012");
});

it("has nothing to stack where there are no costs", () => {
  expect(stackCosts([])).toEqual({ days: [], series: [], totalUsd: "0" });
});
