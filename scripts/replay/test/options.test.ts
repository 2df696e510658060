import { resolve } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { burstFor, parseOptions } from "../options.ts";

describe("the command line", () => {
  const now = new Date("2026-11-22T15:04:05.123Z");

  test("defaults", () => {
    expect(parseOptions(["a.csv"], {}, now)).toEqual({
      file: resolve("a.csv"),
      agent: "chat",
      concurrency: 32,
      out: resolve("replies-2026-11-22T15-04-05-123Z.csv"),
    });
  });

  test("everything", () => {
    const argv =
      "a.csv --url http://x --key k --emulator-url http://e --agent test --plan business --rate-per-hour 0.5 --concurrency 4 --limit 9 --out b.csv";
    expect(parseOptions(argv.split(" "), {}, now)).toEqual({
      file: resolve("a.csv"),
      url: "http://x",
      key: "k",
      emulatorUrl: "http://e",
      agent: "test",
      plan: "business",
      ratePerHour: 0.5,
      concurrency: 4,
      limit: 9,
      out: resolve("b.csv"),
    });
  });

  test("under npm, paths are from where the person is", () => {
    const environment = { npm_lifecycle_event: "replay", INIT_CWD: "/somewhere" };
    expect(parseOptions(["a.csv"], environment, now).file).toBe("/somewhere/a.csv");
    expect(parseOptions(["a.csv"], { INIT_CWD: "/somewhere" }, now).file).toBe(resolve("a.csv"));
  });

  test("the replies don't overwrite the messages", () => {
    expect(() => parseOptions(["a.csv", "--out", "./a.csv"], {}, now)).toThrow(/same file/);
  });

  test("the burst lets an hour's worth start at once, within the API's maximum", () => {
    expect([0.2, 100, 1_000_000, 50_000_000].map(burstFor)).toEqual([1, 100, 1_000_000, 1_000_000]);
  });
});
