import { describe, expect, it } from "@jest/globals";
import { sqlMutants } from "../sql-mutants.ts";

/** What is changed into what, in the order of the text. */
async function changesOf(text: string): Promise<string[]> {
  return (await sqlMutants("a.sql", text)).map(({ before, after }) => `${before} → ${after}`);
}

it("leaves out each condition of a list, and turns round what is told apart by a hair", async () => {
  expect(await changesOf("SELECT 1 FROM t WHERE a = 1 AND b < 2 AND NOT c")).toEqual([
    "AND a = 1 → ",
    "AND b < 2 → ",
    "b < 2 → b <= 2",
    "AND NOT (c) → ",
    "NOT (c) → c",
  ]);
});

it("leaves out a condition that stands alone, wherever one can stand", async () => {
  const text = `SELECT sum(x) FILTER (WHERE y) FROM t JOIN u ON t.a = u.a JOIN w USING (d, e)
    WHERE t.b GROUP BY t.c HAVING t.c > 1`;
  expect(await changesOf(text)).toEqual([
    "sum(x) FILTER (WHERE y) → max(x) FILTER (WHERE y)",
    "y → ",
    "t.a = u.a → ",
    "USING d → ",
    "USING e → ",
    "t.b → ",
    "t.c > 1 → ",
    "t.c > 1 → t.c >= 1",
  ]);
});

it("leaves alone a join on what is always true", async () => {
  expect(await changesOf("SELECT a FROM t LEFT JOIN u ON true")).toEqual(["LEFT JOIN u → "]);
});

it("leaves out orders, limits, locks and what a lock skips", async () => {
  expect(await changesOf("SELECT a FROM t ORDER BY a DESC LIMIT 3 FOR UPDATE SKIP LOCKED")).toEqual([
    "ORDER BY a DESC → ",
    "a DESC → a ASC",
    "LIMIT 3 → ",
    "FOR UPDATE SKIP LOCKED → ",
    "FOR UPDATE SKIP LOCKED → FOR UPDATE",
  ]);
});

it("leaves out a write, and each of its assignments", async () => {
  const changes = await changesOf(`INSERT INTO t (a, b) SELECT 1, 2
    ON CONFLICT (a) DO UPDATE SET a = t.a + excluded.a, b = 3`);
  expect(changes.map((change) => change.replace(/^INSERT.*?( →|$)/, "INSERT$1"))).toEqual([
    "INSERT → ",
    "a = t.a + excluded.a → ",
    "t.a + excluded.a → t.a - excluded.a",
    "b = 3 → ",
  ]);
});

it("leaves out either part of a default, of a choice and of a union", async () => {
  expect(
    await changesOf("SELECT coalesce(a, 0), CASE WHEN b THEN 1 ELSE 2 END UNION ALL SELECT 3, 4"),
  ).toEqual(
    expect.arrayContaining([
      "COALESCE(a, 0) → 0",
      "COALESCE(a, 0) → a",
      "CASE WHEN b THEN 1 ELSE 2 END → 2",
      "b → true",
      "UNION SELECT 3, 4 → ",
    ]),
  );
});

it("says on which line of the file the fault lies, behind a header of any length and script", async () => {
  const [mutant] = await sqlMutants("a.sql", "-- Größe, 大きさ\n-- second\nSELECT 1\nFROM t WHERE a");
  expect(mutant).toMatchObject({ file: "a.sql", line: 4, before: "a" });
});

it("makes another statement each time", async () => {
  const text = "SELECT sum(a), min(b) FROM t WHERE c AND d <> 1 ORDER BY a";
  const texts = (await sqlMutants("a.sql", text)).map((mutant) => mutant.text);
  expect(new Set(texts).size).toBe(texts.length);
});

describe("what statements include", () => {
  it("stays as it is in their own mutants", async () => {
    const text = "WITH a AS (SELECT 1 WHERE b),\n-- include ./x.sql\n, c AS (SELECT 2)\nSELECT 3\nWHERE d";
    const mutants = await sqlMutants("a.sql", text);
    expect(mutants.map(({ line, before }) => [line, before])).toEqual([
      [1, "b"],
      [5, "d"],
    ]);
    for (const mutant of mutants) expect(mutant.text).toMatch(/,\s*\n-- include \.\/x\.sql\n,\s*c AS/);
  });

  it("has mutants of its own", async () => {
    const text =
      "-- Gives a and b: SELECT them.\na AS MATERIALIZED (\n  SELECT 1 WHERE c\n), b AS (SELECT 2 WHERE d)\n";
    const [ofA, ofB] = await sqlMutants("x.sql", text);
    expect(ofA).toMatchObject({ line: 3, before: "c" });
    expect(ofA?.text).toMatch(
      /^a AS MATERIALIZED \(\s*SELECT 1\s*\),\s*b AS \(\s*SELECT 2\s*WHERE\s+d\s*\)\n$/,
    );
    expect(ofB).toMatchObject({ line: 4, before: "d" });
  });
});
