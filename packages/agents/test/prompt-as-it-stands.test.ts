import { describe, expect, it } from "@jest/globals";
import { necessarySteps } from "../src/define-agent.ts";
import { findAgent } from "../src/registry.ts";
import { test } from "../src/test.ts";
import { bytesIn, cannedRun } from "./canned-tools.ts";

const accepts = (over: object) => test.input.safeParse({ prompt: "hello", ...over }).success;

describe("the agent for trying the system", () => {
  it("sends the prompt as it stands, without instructions, and gives the answer as it stands", async () => {
    const { run, seen } = cannedRun(test, { answers: { prompt: " Hi <b>you</b> " } });
    expect(await run({ prompt: "say\nhi" })).toEqual({ text: " Hi <b>you</b> " });
    const parts = ["say\nhi"];
    expect(seen.requests).toStrictEqual([
      { key: "prompt", system: "", parts, maxOutputTokens: 1024, partsBytesMax: bytesIn(parts) },
    ]);
  });

  it("asks for what is asked of it, a budget of nothing among it", () => {
    const bounds = { serviceTier: "flex" as const, maxOutputTokens: 7, thinkingBudget: 0 };
    expect(test.steps({ prompt: "hi", ...bounds })).toStrictEqual({
      prompt: { system: "", ...bounds, partsBytesMax: bytesIn(["hi"]) },
    });
  });

  it("calls the model that is named, else the one that operators set", () => {
    const agent = findAgent("test");
    if (!agent) throw new Error("There is no such agent.");
    expect(necessarySteps(agent, { prompt: "hi", model: "big" }).get("prompt")?.model).toBe("big");
    expect(necessarySteps(agent, { prompt: "hi" }).get("prompt")).not.toHaveProperty("model");
  });

  it("bounds what it is asked", () => {
    const [most, more] = ["x".repeat(100_000), "x".repeat(100_001)];
    expect([most, more, ""].map((prompt) => accepts({ prompt }))).toEqual([true, false, false]);
    for (const [name, least, largest] of [
      ["maxOutputTokens", 1, 65_536],
      ["thinkingBudget", 0, 32_768],
    ] as const) {
      const values = [least - 1, least, largest, largest + 1, least + 0.5];
      expect(values.map((value) => accepts({ [name]: value }))).toEqual([false, true, true, false, false]);
    }
    expect(accepts({ serviceTier: "priority" })).toBe(true);
    expect(accepts({ serviceTier: "batch" })).toBe(false);
  });
});
