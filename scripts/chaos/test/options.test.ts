import { resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { faultGroups, parseOptions } from "../options.ts";

let printed: ReturnType<typeof jest.spyOn>[];

beforeEach(() => {
  printed = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, "write").mockReturnValue(true),
  );
});

afterEach(() => {
  for (const spy of printed) spy.mockRestore();
});

describe("the command line of chaos", () => {
  it("has a seed and a minute unless told otherwise", () => {
    expect(parseOptions([], {})).toEqual({
      seed: 1,
      minutes: 1,
      only: faultGroups,
      topology: undefined,
      replayFile: undefined,
      shrinkMinutes: 10,
      directory: resolve(".understudy/chaos/seed-1"),
    });
  });

  it("takes groups in any order, and paths from where the person is", () => {
    const argv = "--seed 7 --minutes 2.5 --only clock,redis --topology wide --shrink 0 --out b".split(" ");
    expect(parseOptions(argv, { npm_lifecycle_event: "chaos", INIT_CWD: "/somewhere" })).toEqual({
      seed: 7,
      minutes: 2.5,
      only: ["redis", "clock"],
      topology: "wide",
      replayFile: undefined,
      shrinkMinutes: 0,
      directory: "/somewhere/b",
    });
  });

  it("keeps the trace of a replay beside those of seeds", () => {
    expect(parseOptions(["--replay", "a"], {})).toMatchObject({
      replayFile: resolve("a"),
      directory: resolve(".understudy/chaos/replay"),
    });
  });

  it.each([
    ["--seed 1.5"],
    ["--seed -1"],
    ["--minutes 0"],
    ["--minutes 61"],
    ["--only disk"],
    ["--topology huge"],
    ["--shrink -1"],
    ["--unknown"],
    ["--replay a --seed 1"],
    ["--replay a --minutes 1"],
    ["--replay a --only redis"],
    ["--replay a --topology wide"],
  ])("refuses %s with exit code 2", (argv) => {
    expect(() => parseOptions(argv.split(" "), {})).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  it("shows its help with exit code 0", () => {
    expect(() => parseOptions(["--help"], {})).toThrow(expect.objectContaining({ exitCode: 0 }));
  });
});
