import { describe, expect, jest, test } from "@jest/globals";
import { CommanderError } from "commander";
import { benchmarkNames, parseCompareOptions, parseOptions } from "../options.ts";

jest.spyOn(process.stderr, "write").mockImplementation(() => true);

describe("the command line of the bench", () => {
  test("measures all unless told what", () => {
    expect(parseOptions([], {})).toMatchObject({ names: benchmarkNames, seconds: 2, scale: 1 });
    expect(parseOptions(["webhooks", "job", "--seconds", "5"], {})).toMatchObject({
      names: ["job", "webhooks"],
      seconds: 5,
    });
  });

  test("takes files from where the person typed", () => {
    const environment = { npm_lifecycle_event: "bench", INIT_CWD: "/somewhere" };
    expect(parseOptions(["job", "--json", "figures.json"], environment).json).toBe("/somewhere/figures.json");
  });

  test("compares jobs with a ref in three turns unless told otherwise", () => {
    expect(parseCompareOptions(["compare", "HEAD~3"])).toMatchObject({
      ref: "HEAD~3",
      names: ["job"],
      rounds: 3,
    });
    expect(
      parseCompareOptions(["compare", "v1", "http", "accept", "--rounds", "5", "--seconds", "1"]),
    ).toMatchObject({
      ref: "v1",
      names: ["http", "accept"],
      rounds: 5,
      seconds: 1,
    });
  });

  test.each([[["joob"]], [["--seconds", "0"]], [["--scale", "2"]]])("refuses %j", (argv) => {
    expect(exitCodeOf(() => parseOptions(argv, {}))).toBe(2);
  });

  test.each([[["compare"]], [["compare", "v1", "joob"]], [["compare", "v1", "--rounds", "0"]]])(
    "refuses %j",
    (argv) => {
      expect(exitCodeOf(() => parseCompareOptions(argv))).toBe(2);
    },
  );
});

function exitCodeOf(parse: () => unknown): number | undefined {
  try {
    parse();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
  return undefined;
}
