import { describe, expect, it } from "@jest/globals";
import { type ModelCapabilities, modelSchemaOf, type Step } from "@understudy/contracts";
import { z } from "zod";
import { Money } from "../src/money.ts";
import type { Price } from "../src/price-book.ts";
import {
  type Candidate,
  dearestWorstCaseUsd,
  leastWorstCaseUsd,
  outputLimits,
  promptTokensMax,
  worstCaseUsd,
} from "../src/worst-case.ts";

const step = (more: Partial<Step> = {}): Step => ({
  system: "",
  maxOutputTokens: 100,
  partsBytesMax: 0,
  ...more,
});

describe("the bound of a prompt", () => {
  it("counts bytes, not characters, of all that is sent", () => {
    expect(promptTokensMax(step(), ["éé"])).toBe(16 + 16 + 16 + 4);
    const output = z.object({ text: z.string().describe("x".repeat(100)) });
    const schemaBytes = JSON.stringify(modelSchemaOf(output)).length;
    expect(promptTokensMax(step({ system: "abc", output }), ["a", "b"])).toBe(4 * 16 + 3 + 2 + schemaBytes);
  });
});

const price = (more: object = {}) =>
  ({
    ...{ id: 1, model: "m", inputUsd: new Money("1"), outputUsd: new Money("10"), cachedUsd: new Money("0") },
    ...{ audioInputUsd: new Money("7"), longContext: null },
    ...more,
  }) as Price;
const candidate = (...prices: [Price, ...Price[]]): Candidate => ({
  model: "m",
  capabilities: { thinking: null, outputTokensMax: 65_536 } as ModelCapabilities,
  prices,
  routedTo: [],
});

describe("the worst case of a step", () => {
  it("is its prompt at the rate of text, since nothing else is sent, and all that it may write", () => {
    const usd = worstCaseUsd(candidate(price()), step(), 1_000);
    expect(usd.toFixed()).toBe(new Money(1_000).plus(1_000).div(1_000_000).toFixed());
    const cached = price({ cachedUsd: new Money("2") });
    expect(worstCaseUsd(candidate(cached), step(), 1_000).toFixed()).toBe("0.003");
  });

  it("is that of the dearest who may answer, at the length that is asked for", () => {
    const dear = price({ outputUsd: new Money("50") });
    expect(worstCaseUsd(candidate(price(), dear), step(), 0).toFixed()).toBe("0.005");
    const short = step({ leastOutputTokens: 20 });
    expect(dearestWorstCaseUsd([candidate(price()), candidate(dear)], short, 0).toFixed()).toBe("0.005");
    expect(dearestWorstCaseUsd([candidate(price())], short, 0, "least").toFixed()).toBe("0.0002");
  });

  it("needs room at least for what can't be spared, and the shortest answer", () => {
    const given = step({ system: "s", partsBytesMax: 67, spareBytesMax: 9_000, leastOutputTokens: 20 });
    expect(leastWorstCaseUsd([candidate(price())], given).toFixed()).toBe("0.0003");
    expect(leastWorstCaseUsd([candidate(price())], step({ partsBytesMax: 68 })).toFixed()).toBe("0.0011");
  });
});

describe("the shortest answer", () => {
  const lengths = (thinking: unknown, more: object = {}) =>
    (["usual", "least"] as const).map(
      (length) =>
        outputLimits(
          { thinking, outputTokensMax: 65_536 } as ModelCapabilities,
          { maxOutputTokens: 512, leastOutputTokens: 100, ...more },
          length,
        ).maxOutputTokens,
    );

  it("has less room for thoughts as well, where there are hardly any", () => {
    expect(lengths(minimal)).toEqual([1_024, 228]);
    expect(lengths({ ...minimal, leastRoomTokens: 64 })).toEqual([576, 164]);
    expect(lengths({ ...minimal, leastRoomTokens: 900 })).toEqual([1_412, 228]);
    expect(lengths(low)).toEqual([4_608, 4_196]);
    expect(lengths(budget)).toEqual([512, 100]);
  });

  it("thinks as much as was asked for", () => {
    expect(lengths(minimal, { thinkingBudget: 300 })).toEqual([1_024, 400]);
  });

  it("is the usual one of a step that has no other", () => {
    expect(lengths(minimal, { leastOutputTokens: undefined })).toEqual([1_024, 1_024]);
    expect(lengths(minimal, { leastOutputTokens: 512 })).toEqual([1_024, 1_024]);
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
