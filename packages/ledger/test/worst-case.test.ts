import { describe, expect, it } from "@jest/globals";
import { outputLimits, promptTokensMax } from "../src/worst-case.ts";

describe("the bound of a prompt", () => {
  it("counts bytes, not characters, of all that is sent", () => {
    expect(promptTokensMax({ system: "", parts: ["éé"] })).toBeGreaterThanOrEqual(4);
    const jsonSchema = { type: "object", description: "x".repeat(100) };
    const more = promptTokensMax({ system: "abc", parts: ["a", "b"], jsonSchema });
    expect(more).toBeGreaterThanOrEqual(3 + 2 + JSON.stringify(jsonSchema).length);
  });

  it("is the same for parts that are only planned", () => {
    const worded = promptTokensMax({ system: "s", parts: ["ab", "c"] });
    expect(promptTokensMax({ system: "s", partsBytesMax: 2 + 16 + 1 + 16 })).toBe(worded);
  });
});

const limitsOf = (model: string, maxOutputTokens: number, thinkingBudget?: number) =>
  outputLimits(model, { maxOutputTokens, ...(thinkingBudget !== undefined && { thinkingBudget }) });

describe("as little thinking as a model can do", () => {
  it.each([
    ["gemini-2.5-flash", { thinkingBudget: 0 }, 100],
    ["models/gemini-2.5-flash-001", { thinkingBudget: 0 }, 100],
    ["gemini-2.5-flash-lite", { thinkingBudget: 0 }, 100],
    ["gemini-2.5-pro", { thinkingBudget: 128 }, 228],
    ["gemini-3-flash-preview", { thinkingLevel: "MINIMAL" }, 612],
    ["gemini-3.1-flash-lite", { thinkingLevel: "MINIMAL" }, 612],
    ["gemini-3.5-flash", { thinkingLevel: "MINIMAL" }, 612],
    ["gemini-3.5-flash-lite", { thinkingLevel: "MINIMAL" }, 612],
    ["gemini-3.6-flash", { thinkingLevel: "MINIMAL" }, 612],
    ["gemini-3.1-pro-preview", { thinkingLevel: "LOW" }, 4_196],
    ["gemini-3.7-flash", { thinkingLevel: "LOW" }, 4_196],
    ["gemini-3.8-flash", { thinkingLevel: "LOW" }, 4_196],
    ["gemini-4-argon", { thinkingLevel: "LOW" }, 4_196],
    ["gemini-4-carbon", { thinkingLevel: "LOW" }, 4_196],
    ["gemini-4-hydrogen", { thinkingLevel: "LOW" }, 4_196],
    ["gemini-4-neon", { thinkingLevel: "LOW" }, 4_196],
    ["gemini-2.0-flash-exp", undefined, 100],
  ])("%s is asked with %j, and has room for it", (model, thinking, maxOutputTokens) => {
    expect(limitsOf(model, 100)).toMatchObject({ thinking, maxOutputTokens });
  });

  it("of a model that is newer than all we know is LOW", () => {
    for (const model of ["gemini-5-flash", "constructor"]) {
      expect(limitsOf(model, 100)).toMatchObject({
        thinking: { thinkingLevel: "LOW" },
        maxOutputTokens: 4_196,
      });
    }
  });
});

describe("a thinking budget", () => {
  it("is sent to 2.5 as it is, and held beside what is sent: reports differ on whether that contains it", () => {
    expect(limitsOf("gemini-2.5-flash", 100, 2_000)).toEqual({
      thinking: { thinkingBudget: 2_000 },
      maxOutputTokens: 2_100,
      billedTokensMax: 4_100,
    });
  });

  it.each([
    ["gemini-3.5-flash-lite", 0, "MINIMAL", 612],
    ["gemini-3.5-flash-lite", 1_023, "MINIMAL", 1_123],
    ["gemini-3.5-flash-lite", 1_024, "LOW", 4_196],
    ["gemini-3.5-flash-lite", 8_191, "LOW", 8_291],
    ["gemini-3.5-flash-lite", 8_192, "MEDIUM", 16_484],
    ["gemini-3.5-flash-lite", 32_768, "HIGH", 32_868],
    ["gemini-4-neon", 0, "LOW", 4_196],
    ["gemini-4-neon", 24_576, "HIGH", 32_868],
  ])("for %s of %i is level %s", (model, budget, thinkingLevel, maxOutputTokens) => {
    expect(limitsOf(model, 100, budget)).toEqual({
      thinking: { thinkingLevel },
      maxOutputTokens,
      // Thoughts and answer share what is sent.
      billedTokensMax: maxOutputTokens,
    });
  });
});

describe("the most output that a model has", () => {
  it.each([
    ["gemini-3.5-flash-lite", 65_100, 65_536],
    ["gemini-4-argon", 32_000, 32_768],
    ["gemini-2.5-pro", 65_536, 65_536],
  ])("of %s bounds an answer and its thoughts together", (model, asked, maxOutputTokens) => {
    expect(limitsOf(model, asked)).toMatchObject({ maxOutputTokens });
  });

  it("leaves an answer as long as it was asked for: Gemini refuses it", () => {
    expect(limitsOf("gemini-2.0-flash-exp", 10_000)).toMatchObject({ maxOutputTokens: 10_000 });
  });
});
