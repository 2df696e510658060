import { describe, expect, it } from "@jest/globals";
import { outputLimits, promptTokensMax, thinkingBudgetMin } from "../src/worst-case.ts";

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

  it("has room beside the answer", () => {
    expect(outputLimits("gemini-2.5-pro", { maxOutputTokens: 100 })).toEqual({
      maxOutputTokens: 228,
      thinkingBudget: 128,
    });
  });
});
