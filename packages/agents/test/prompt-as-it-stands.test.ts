import { describe, expect, it } from "@jest/globals";
import { necessaryCallsOf } from "../src/define-agent.ts";
import { findAgent } from "../src/registry.ts";
import { test } from "../src/test.ts";
import { bytesIn, cannedTools } from "./canned-tools.ts";

const accepts = (over: object) => test.input.safeParse({ prompt: "hello", ...over }).success;

describe("the agent for trying the system", () => {
  it("sends the prompt as it stands, without instructions, and gives the answer as it stands", async () => {
    const { tools, seen } = cannedTools({ answers: { prompt: " Hi <b>you</b> " } });
    expect(await test.run({ prompt: "say\nhi" }, tools)).toEqual({ text: " Hi <b>you</b> " });
    expect(seen.requests).toStrictEqual([
      { key: "prompt", step: "prompt", system: "", parts: ["say\nhi"], maxOutputTokens: 1024 },
    ]);
  });

  it("asks for what is asked of it, a budget of nothing among it", async () => {
    const given = { prompt: "hi", serviceTier: "flex" as const, maxOutputTokens: 7, thinkingBudget: 0 };
    const { tools, seen } = cannedTools({ answers: { prompt: "x" } });
    await test.run(given, tools);
    const { key: _, ...asked } = seen.requests[0] ?? { key: "", parts: [] };
    expect(asked).toStrictEqual({
      step: "prompt",
      system: "",
      parts: ["hi"],
      serviceTier: "flex",
      maxOutputTokens: 7,
      thinkingBudget: 0,
    });
    const { parts, ...bounds } = asked;
    expect(test.necessaryCalls(given)).toStrictEqual([{ ...bounds, partsBytesMax: bytesIn(parts) }]);
  });

  it("calls the model that is named, else the one that operators set", () => {
    const agent = findAgent("test");
    if (!agent) throw new Error("There is no such agent.");
    expect(necessaryCallsOf(agent, { prompt: "hi", model: "big" })[0]?.model).toBe("big");
    expect(necessaryCallsOf(agent, { prompt: "hi" })[0]).not.toHaveProperty("model");
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
