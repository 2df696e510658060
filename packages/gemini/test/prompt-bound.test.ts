import { describe, expect, it } from "@jest/globals";
import { promptTokensMax } from "../src/prompt-bound.ts";
import { thinkingBudgetMin, thinkingConfig } from "../src/thinking.ts";

describe("the bound of a prompt", () => {
  it("counts bytes, not characters, of all that is sent", () => {
    expect(promptTokensMax({ system: "", parts: ["éé"] })).toBeGreaterThanOrEqual(4);
    const jsonSchema = { type: "object", description: "x".repeat(100) };
    const more = promptTokensMax({ system: "abc", parts: ["a", "b"], jsonSchema });
    expect(more).toBeGreaterThanOrEqual(3 + 2 + JSON.stringify(jsonSchema).length);
  });
});

describe("thinking", () => {
  it.each([
    ["gemini-2.5-flash", 0],
    ["gemini-2.5-pro", 128],
    ["gemini-3.1-pro-preview", 128],
    ["gemini-2.0-flash-exp", undefined],
  ])("of %s is %s tokens at least", (model, tokens) => {
    expect(thinkingBudgetMin(model)).toBe(tokens);
  });

  it("is not set where a model does not know it", () => {
    expect(thinkingConfig("gemini-2.0-flash-exp", 0)).toEqual({});
    expect(thinkingConfig("gemini-2.5-flash", 0)).toEqual({ thinkingConfig: { thinkingBudget: 0 } });
  });
});
