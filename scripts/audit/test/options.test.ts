import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { type BooksOptions, runCommand } from "../options.ts";

afterEach(() => void jest.restoreAllMocks());

/** What `books` is asked by a line. */
async function asked(...args: string[]): Promise<BooksOptions> {
  const given: BooksOptions[] = [];
  await runCommand(["books", ...args], async (options) => void given.push(options));
  expect(given).toHaveLength(1);
  return given[0] as BooksOptions;
}

describe("the command line", () => {
  it("asks everything, and the latest costs, unless told otherwise", async () => {
    expect(await asked()).toEqual({ recompute: 10_000, json: false });
    expect(await asked("--month", "2026-10", "--creator", "a.b", "--recompute", "all", "--json")).toEqual({
      month: "2026-10",
      creator: "a.b",
      recompute: Number.POSITIVE_INFINITY,
      json: true,
    });
    expect(await asked("--recompute", "0")).toMatchObject({ recompute: 0 });
  });

  it.each([
    [[], "Usage"],
    [["ledger"], "unknown command"],
    [["books", "--month", "october"], "such as 2026-10"],
    [["books", "--creator", "a b"], "creator's id"],
    [["books", "--recompute", "-1"], "whole number, or all"],
    [["books", "--limit", "1"], "unknown option"],
    [["books", "2026-10"], "too many arguments"],
  ])("%j is wrong usage", async (argv, said) => {
    let output = "";
    jest.spyOn(process.stderr, "write").mockImplementation((text) => {
      output += text;
      return true;
    });
    const asking = runCommand(argv, () => Promise.reject(new Error("Asked all the same.")));
    await expect(asking).rejects.toMatchObject({ exitCode: 2 });
    expect(output).toContain(said);
  });
});
