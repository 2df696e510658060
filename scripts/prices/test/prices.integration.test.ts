import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Stack, startStack } from "@understudy/testkit";
import { runCommand } from "../../client/test/run-command.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
});

afterAll(() => stack.stop());

const prices = (...args: string[]) => runCommand(stack, "prices", ...args);

const row = (output: string, ...parts: string[]) =>
  output.split("\n").find((line) => parts.every((part) => line.includes(part)));

describe("npm run prices", () => {
  test("check: the prices of the migrations are those of genai-prices, but for what is known", async () => {
    const { code, output } = await prices("check");
    expect(output).not.toMatch(/│ NO\b/);
    expect(output).toContain("No difference that is not known.");
    expect(code).toBe(0);
  });

  test("list: what is in force", async () => {
    const { code, output } = await prices("list");
    expect(code).toBe(0);
    expect(row(output, "gemini-3.1-pro-preview", "standard")).toContain("above 200000: 4, 18, 0.4");
  });

  test("quote: line by line", async () => {
    const { code, output } = await prices(
      "quote",
      "gemini-2.5-flash",
      "--prompt",
      "264",
      "--output",
      "104",
      "--thoughts",
      "989",
    );
    expect(code).toBe(0);
    expect(row(output, "thoughts")).toMatch(/989 .* 2\.5 .* 0\.0024725/);
    expect(row(output, "total")).toContain("0.0028117");
  });

  test("add: a price to come, which list shows, and check finds to differ", async () => {
    const amounts = ["--in", "1.75", "--out", "9", "--cached", "0.15", "--source", "a test"];
    const added = await prices("add", "gemini-3.5-flash", "--from", "2100-01-01", ...amounts);
    expect(added.code).toBe(0);
    expect(row(added.output, "gemini-3.5-flash", "to come")).toContain("1.75");
    expect(row((await prices("list")).output, "gemini-3.5-flash", "to come")).toContain("2100-01-01");

    const again = await prices("add", "gemini-3.5-flash", "--from", "2100-01-01", ...amounts);
    expect(again.code).toBe(1);
    expect(again.output).toMatch(/never edited.*\(409 price_exists\)\n$/);

    const { code, output } = await prices("check");
    expect(code).toBe(1);
    expect(row(output, "gemini-3.5-flash", "inputUsd", "2100-01-01")).toMatch(/1\.75 .* 1\.5 .* NO/);
  });

  test("add: of nothing, but not to the last model of a role", async () => {
    const nothing = [
      "--from",
      "2100-01-01",
      "--in",
      "0",
      "--out",
      "0",
      "--cached",
      "0",
      "--source",
      "a test",
    ];
    expect((await prices("add", "gemini-3.5-flash-lite", ...nothing)).code).toBe(0);
    const last = await prices("add", "gemini-3.1-flash-lite", ...nothing);
    expect(last.code).toBe(1);
    expect(last.output).toMatch(/^Then no model could be called for .*\(409 role_left_empty\)\n$/);
  });

  test("tells in one line what is wrong", async () => {
    const unknown = await prices("quote", "gpt-9", "--prompt", "1");
    expect(unknown.code).toBe(1);
    expect(unknown.output).toMatch(/^gpt-9 has no price\. Known: gemini-.*\(400 unknown_model\)\n$/);
    const wrongKey = await prices("list", "--key", "us_wrong");
    expect([wrongKey.code, wrongKey.output]).toEqual([
      1,
      expect.stringMatching(/^The API doesn't know this key.*\n$/),
    ]);
    const away = await prices("list", "--url", "http://127.0.0.1:9");
    expect([away.code, away.output]).toEqual([
      1,
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:9 doesn't answer.*\n$/),
    ]);
  });
});
