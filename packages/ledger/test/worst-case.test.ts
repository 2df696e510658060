import { describe, expect, it } from "@jest/globals";
import type { ModelCapabilities } from "@understudy/contracts";
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

const minimal = { by: "level", levels: ["MINIMAL", "LOW", "MEDIUM", "HIGH"] } as const;
const low = { by: "level", levels: ["LOW", "MEDIUM", "HIGH", "XHIGH"] } as const;
const budget = { by: "budget", min: 1, max: 24_576, canBeOff: true } as const;
const alwaysOn = { ...budget, min: 128, max: 32_768, canBeOff: false } as const;

type Thinking = { thinking: unknown; outputTokensMax?: number; unaryOutputTokensMax?: number };

const limitsOf = (
  { thinking, outputTokensMax = 65_536, ...more }: Thinking,
  maxOutputTokens: number,
  thinkingBudget?: number,
) =>
  outputLimits({ thinking, outputTokensMax, ...more } as ModelCapabilities, {
    maxOutputTokens,
    ...(thinkingBudget !== undefined && { thinkingBudget }),
  });

describe("as little thinking as a model can do", () => {
  it.each([
    ["off where that can be", budget, { thinkingBudget: 0 }, 100],
    ["the least budget", alwaysOn, { thinkingBudget: 128 }, 228],
    ["MINIMAL", minimal, { thinkingLevel: "MINIMAL" }, 612],
    ["LOW", low, { thinkingLevel: "LOW" }, 4_196],
    [
      "the level whose room the registry knows",
      { ...low, leastRoomTokens: 900 },
      { thinkingLevel: "LOW" },
      1_000,
    ],
    ["nothing where it does not think", null, undefined, 100],
  ])("is %s, with room for it", (_what, thinking, setting, maxOutputTokens) => {
    expect(limitsOf({ thinking }, 100)).toMatchObject({ thinking: setting, maxOutputTokens });
  });
});

describe("a thinking budget", () => {
  it("is sent to 2.5 as it is, and held beside what is sent: reports differ on whether that contains it", () => {
    expect(limitsOf({ thinking: budget }, 100, 2_000)).toEqual({
      thinking: { thinkingBudget: 2_000 },
      maxOutputTokens: 2_100,
      billedTokensMax: 4_100,
    });
  });

  it.each([
    ["MINIMAL", minimal, 0, "MINIMAL", 612],
    ["MINIMAL", minimal, 1_023, "MINIMAL", 1_123],
    ["MINIMAL", minimal, 1_024, "LOW", 4_196],
    ["MINIMAL", minimal, 8_191, "LOW", 8_291],
    ["MINIMAL", minimal, 8_192, "MEDIUM", 16_484],
    ["MINIMAL", minimal, 32_768, "HIGH", 32_868],
    ["LOW", low, 0, "LOW", 4_196],
    ["LOW", low, 24_576, "HIGH", 32_868],
  ])(
    "of a model with levels from %s: %j of %i is level %s",
    (_least, thinking, budget, thinkingLevel, maxOutputTokens) => {
      expect(limitsOf({ thinking }, 100, budget)).toEqual({
        thinking: { thinkingLevel },
        maxOutputTokens,
        // Thoughts and answer share what is sent.
        billedTokensMax: maxOutputTokens,
      });
    },
  );
});

describe("the most output that a model has", () => {
  it.each([
    [{ thinking: minimal }, 65_100, 65_536],
    [{ thinking: low, unaryOutputTokensMax: 32_768 }, 32_000, 32_768],
    [{ thinking: alwaysOn }, 65_536, 65_536],
  ])("bounds an answer and its thoughts together: %j", (model, asked, maxOutputTokens) => {
    expect(limitsOf(model, asked)).toMatchObject({ maxOutputTokens });
  });

  it.each([
    [0, 0],
    [1, 512],
    [30_000, 24_576],
  ])("a budget of %i is sent as %i where the model takes no other", (asked, thinkingBudget) => {
    const thinking = { by: "budget", min: 512, max: 24_576, canBeOff: true };
    expect(limitsOf({ thinking }, 100, asked)).toMatchObject({ thinking: { thinkingBudget } });
  });

  it("is never asked for more: Gemini would refuse it", () => {
    expect(limitsOf({ thinking: null, outputTokensMax: 8_192 }, 10_000)).toMatchObject({
      maxOutputTokens: 8_192,
    });
    expect(limitsOf({ thinking: low, unaryOutputTokensMax: 32_768 }, 40_000)).toMatchObject({
      maxOutputTokens: 32_768,
    });
  });
});
