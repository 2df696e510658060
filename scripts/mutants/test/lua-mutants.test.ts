import { expect, it } from "@jest/globals";
import { luaMutants } from "../lua-mutants.ts";

function changesOf(text: string): string[] {
  return luaMutants("a.lua", text).map(({ before, after }) => `${before} → ${after}`);
}

it("turns conditions, comparisons and sums round", () => {
  expect(changesOf("if a < b and not c then return d + 1 end")).toEqual([
    "a < b and not c → true",
    "a < b and not c → false",
    "a < b and not c → (a < b)",
    "a < b and not c → (not c)",
    "a < b → (a <= b)",
    "not c → c",
    "d + 1 → (d - 1)",
  ]);
});

it("leaves out commands and assignments, and what forbids a command to overwrite", () => {
  expect(changesOf("redis.call('ZADD', key, 'NX', 1, member)\ncount = math.max(count, 2)")).toEqual([
    "redis.call('ZADD', key, 'NX', 1, member) → ",
    "'NX' → 'CH'",
    "count = math.max(count, 2) → ",
    "math.max → math.min",
  ]);
});

it("takes the last for the first", () => {
  expect(changesOf("local first = redis.call('ZPOPMIN', ready)")).toEqual(["'ZPOPMIN' → 'ZPOPMAX'"]);
});

it("leaves everything else as it was, and says on which line it lies", () => {
  const [, mutant] = luaMutants("a.lua", "-- Größe\nlocal a = b\nc()\nd()\n");
  expect(mutant).toMatchObject({ line: 4, before: "d()", text: "-- Größe\nlocal a = b\nc()\n\n" });
});
