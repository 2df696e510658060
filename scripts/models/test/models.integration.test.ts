import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Stack, startStack } from "@understudy/testkit";
import { runCommandWith } from "../../client/test/run-command.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ workers: 0, emulatorDate: "2026-11-29" });
});

afterAll(() => stack.stop());

function models(args: string[], more: Record<string, string> = {}) {
  const environment = {
    UNDERSTUDY_URL: stack.url,
    UNDERSTUDY_ADMIN_KEY: stack.adminKey,
    GEMINI_API_KEY: "emulator",
    GEMINI_BASE_URL: stack.emulatorUrl,
    ...more,
  };
  return runCommandWith(environment, "models", ...args);
}

const row = (output: string, ...parts: string[]) =>
  output.split("\n").find((line) => parts.every((part) => line.includes(part)));

/** Neither a retirement nor a change of price is near. */
const quiet = ["check", "--at", "2026-11-29"];

describe("npm run models", () => {
  test("list: the registry with roles and prices, and the models of each role", async () => {
    const { code, output } = await models(["list"]);
    expect(code).toBe(0);
    expect(row(output, "gemini-3.5-flash-lite", "active", "draft, check")).toMatch(/0\.3 .* 2\.5/);
    expect(row(output, "gemini-2.5-flash ", "2026-12-01")).toContain("gemini-3.5-flash-lite");
    expect(row(output, "gemini-2.0-flash-exp")).toContain("retired");
    expect(row(output, "│ summary", "gemini-3.5-flash-lite, gemini-3.1-flash-lite")).toBeDefined();
  });

  test("check: nothing is wrong with what is sown, by the emulator's list and by genai-prices", async () => {
    const { code, output } = await models(quiet);
    expect(output).not.toMatch(/YES/);
    expect(row(output, "gemini-2.5-flash ", "in 2 days")).toContain(
      "gemini-3.5-flash-lite answers in its place",
    );
    expect(output).toContain("Nothing is wrong.");
    expect(code).toBe(0);
  });

  test("check: says that Gemini was not asked, where there is no key", async () => {
    const { code, output } = await models(quiet, { GEMINI_API_KEY: "", GEMINI_BASE_URL: "" });
    expect(output).toMatch(/^GEMINI_API_KEY is not set: nothing is compared/);
    expect(code).toBe(0);
  });

  test("check: names what retires and what changes its price, and ends with 1", async () => {
    const before = await models(["check", "--at", "2027-04-01"]);
    expect(row(before.output, "gemini-3.1-flash-lite", "in 36 days", "YES")).toBeDefined();
    expect(before.code).toBe(1);
    const newYear = await models(["check", "--at", "2026-12-31T12:00:00Z"], {
      GEMINI_MODEL: "gemini-3.8-flash",
    });
    expect(row(newYear.output, "gemini-3.8-flash", "within 24 hours", "YES")).toBeDefined();
    expect(row(newYear.output, "gemini-3.6-flash", "within 24 hours")).not.toContain("YES");
    expect(newYear.code).toBe(1);
  });

  test("set and roles: a new model is added, priced, and answers for a plan", async () => {
    const incomplete = await models(["set", "gemini-5-flash"]);
    expect(incomplete.code).toBe(1);
    expect(incomplete.output).toMatch(/new: say what it can do.*\(400 invalid_request\)\n$/);
    const added = await models(["set", "gemini-5-flash", "--like", "gemini-3.8-flash", "--source", "a test"]);
    expect(row(added.output, "gemini-5-flash", "active")).toBeDefined();
    const unpriced = await models(["roles", "draft", "gemini-5-flash", "--plan", "pro"]);
    expect(unpriced.code).toBe(1);
    expect(unpriced.output).toMatch(/\(409 role_left_empty\)\n$/);
    const amounts = { inputUsd: "1", outputUsd: "2", cachedUsd: "0.1", source: "a test" };
    await stack.request("POST", "/api/ai/admin/prices", { model: "gemini-5-flash", ...amounts });
    const set = await models(["roles", "draft", "gemini-5-flash", "gemini-3.8-flash", "--plan", "pro"]);
    expect(row(set.output, "draft")).toContain("gemini-5-flash, gemini-3.8-flash");

    const wrong = await models(quiet);
    expect(row(wrong.output, "gemini-5-flash", "is not in Gemini's models.list", "YES")).toBeDefined();
    expect(row(wrong.output, "gemini-5-flash", "has another price in genai-prices", "YES")).toBeDefined();
    expect(wrong.code).toBe(1);

    expect((await models(["roles", "draft", "--plan", "pro", "--as-all"])).output).not.toContain(
      "gemini-5-flash",
    );
    const retired = await models([
      "set",
      "gemini-5-flash",
      "--status",
      "retired",
      "--retires-at",
      "2026-11-28",
    ]);
    expect(row(retired.output, "gemini-5-flash", "retired")).toContain("2026-11-28");
    const last = await models(["roles", "check", "gemini-5-flash"]);
    expect(last.output).toMatch(/no model could be called for check.*\(409 role_left_empty\)\n$/);
  });

  test("check: reads the lists of creators as well", async () => {
    const roles = { explain: ["gemini-3.8-flash", "gpt-9"] };
    await stack.request("PUT", "/api/ai/creators/ann", { roles });
    const { code, output } = await models(quiet);
    expect(row(output, "gpt-9", "stands in role explain of creator ann", "YES")).toBeDefined();
    expect(code).toBe(1);
    await stack.request("PUT", "/api/ai/creators/ann", { roles: null });
  });

  test("tells in one line what is wrong", async () => {
    const wrongKey = await models(["list", "--key", "us_wrong"]);
    expect([wrongKey.code, wrongKey.output]).toEqual([
      1,
      expect.stringMatching(/^The API doesn't know this key.*\n$/),
    ]);
    const away = await models(quiet, { GEMINI_BASE_URL: "http://127.0.0.1:9" });
    expect([away.code, away.output]).toEqual([
      1,
      expect.stringMatching(/^127\.0\.0\.1:9 doesn't answer.*\n$/),
    ]);
    const noList = await models(quiet, { GEMINI_BASE_URL: `${stack.emulatorUrl}/nowhere` });
    expect([noList.code, noList.output]).toEqual([
      1,
      expect.stringMatching(/^models\.list is answered 404.*\n$/),
    ]);
    const help = await models(["--help"]);
    expect([help.code, help.output]).toEqual([0, expect.stringContaining("roles")]);
    expect((await models(["check", "--nonsense"])).code).toBe(2);
  });
});
