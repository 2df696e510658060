import { expect, it } from "@jest/globals";
import { sortCosts } from "../src/pages/costs/sort-costs.ts";

const tokens = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, thoughtTokens: 0 };
const row = (key: string, costUsd: string, calls = 1) => ({
  key,
  calls,
  costUsd,
  unknownUsd: "0",
  ...tokens,
});
const keys = (rows: { key: string }[]) => rows.map(({ key }) => key);

it("costs are sorted by their exact value, where it is the same by key", () => {
  const rows = [
    row("c", "9"),
    row("b", "10.000000000000"),
    row("e", "123456789012.000000000002"),
    row("d", "123456789012.000000000001"),
    row("a", "10"),
  ];
  expect(keys(sortCosts(rows, "costUsd", "asc"))).toEqual(["c", "a", "b", "d", "e"]);
  expect(keys(sortCosts(rows, "costUsd", "desc"))).toEqual(["e", "d", "a", "b", "c"]);
  expect(keys(rows)).toEqual(["c", "b", "e", "d", "a"]);
});

it("calls are sorted as numbers, and keys as text", () => {
  const rows = [row("b", "0", 10), row("a", "0", 9), row("c", "0", 9)];
  expect(keys(sortCosts(rows, "calls", "asc"))).toEqual(["a", "c", "b"]);
  expect(keys(sortCosts(rows, "calls", "desc"))).toEqual(["b", "a", "c"]);
  expect(keys(sortCosts(rows, "key", "asc"))).toEqual(["a", "b", "c"]);
  expect(keys(sortCosts(rows, "key", "desc"))).toEqual(["c", "b", "a"]);
});
