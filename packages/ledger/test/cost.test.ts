import { describe, expect, it } from "@jest/globals";
import { priceBillEntry } from "@understudy/testkit";
import fc from "fast-check";
import { explainCost } from "../src/cost.ts";
import { holdFor } from "../src/hold.ts";
import { Money } from "../src/money.ts";
import type { Price } from "../src/price-book.ts";
import { readUsage } from "../src/usage.ts";

function price(
  model: string,
  serviceTier: Price["serviceTier"],
  rates: Record<string, number>,
  long?: object,
): Price {
  const usd = (name: string, otherwise: string) => new Money(rates[name] ?? rates[otherwise] ?? 0);
  return {
    id: 1,
    model,
    serviceTier,
    validFrom: new Date(0),
    inputUsd: usd("in", "in"),
    outputUsd: usd("out", "out"),
    cachedUsd: usd("cached", "cached"),
    audioInputUsd: usd("audioIn", "in"),
    audioCachedUsd: usd("audioCached", "cached"),
    longContext: (long ?? null) as Price["longContext"],
    source: "test",
  };
}

const flashRates = { in: 0.3, audioIn: 1, out: 2.5, cached: 0.03, audioCached: 0.1 };
const flash = price("gemini-2.5-flash", "standard", flashRates);
const flashBatch = price("gemini-2.5-flash", "batch", { ...flashRates, in: 0.15, audioIn: 0.5, out: 1.25 });
const flashPriority = price("gemini-2.5-flash", "priority", {
  in: 0.54,
  audioIn: 1.8,
  out: 4.5,
  cached: 0.054,
  audioCached: 0.18,
});
const pro = price(
  "gemini-2.5-pro",
  "standard",
  { in: 1.25, out: 10, cached: 0.125 },
  { above: 200_000, inputUsd: new Money(2.5), outputUsd: new Money(15), cachedUsd: new Money(0.25) },
);
const free = price("gemini-2.0-flash-exp", "standard", { in: 0, out: 0, cached: 0 });

function cost(of: Price, usage: object): string {
  const tokens = readUsage(usage);
  if (!tokens) throw new Error("no usage");
  return explainCost(of, tokens).totalUsd.toFixed();
}

const P = (prompt: number, rest: object = {}) => ({ promptTokenCount: prompt, ...rest });
const O = (candidatesTokenCount: number) => ({ candidatesTokenCount });
const R = (thoughtsTokenCount: number) => ({ thoughtsTokenCount });

describe("the cost of a call", () => {
  it.each([
    ["plain", flash, P(1000, O(500)), "0.00155"],
    ["thoughts beside the output", flash, P(264, { ...O(104), ...R(989) }), "0.0028117"],
    ["a real sample", pro, P(7477, { ...O(2060), ...R(1939), totalTokenCount: 11_476 }), "0.04933625"],
    ["thoughts inside the output", pro, P(1000, { ...O(300), ...R(200), totalTokenCount: 1300 }), "0.00425"],
    ["cached", flash, P(19_882, { cachedContentTokenCount: 16_214, ...O(185), ...R(384) }), "0.00300932"],
    [
      "audio",
      flash,
      P(2000, {
        ...O(100),
        promptTokensDetails: [
          { modality: "TEXT", tokenCount: 500 },
          { modality: "AUDIO", tokenCount: 1500 },
        ],
      }),
      "0.0019",
    ],
    ["200,000 is not long context", pro, P(200_000, O(1000)), "0.26"],
    ["200,001 is", pro, P(200_001, O(1000)), "0.5150025"],
    ["batch", flashBatch, P(1000, O(1000)), "0.0014"],
    ["priority", flashPriority, P(1000, { cachedContentTokenCount: 400, ...O(1000) }), "0.0048456"],
    ["blocked: the input is billed", flash, P(9311), "0.0027933"],
    ["a free model", free, P(100_000, O(100_000)), "0"],
  ])("%s", (_name, of, usage, usd) => {
    expect(cost(of, usage)).toBe(usd);
  });

  it("counts tokens that no field names as output, and says that it is estimated", () => {
    expect(readUsage(P(100, { ...O(10), totalTokenCount: 150 }))).toMatchObject({
      output: 50,
      estimated: true,
    });
  });

  it("has no usage to read where the prompt is not counted", () => {
    expect(readUsage(undefined)).toBeUndefined();
    expect(readUsage({ candidatesTokenCount: 5 })).toBeUndefined();
    expect(readUsage({ promptTokenCount: -1 })).toBeUndefined();
  });

  it("agrees with the second calculation on any consistent usage, and never passes its hold", () => {
    const tokens = fc.integer({ min: 0, max: 400_000 });
    const usages = fc
      .record({
        prompt: tokens,
        cached: tokens,
        output: tokens,
        thoughts: tokens,
        toolUse: tokens,
        inside: fc.boolean(),
      })
      .map(({ prompt, cached, output, thoughts, toolUse, inside }) => {
        const candidates = inside ? output + thoughts : output;
        return {
          promptTokenCount: prompt,
          cachedContentTokenCount: Math.min(cached, prompt),
          candidatesTokenCount: candidates,
          thoughtsTokenCount: thoughts,
          toolUsePromptTokenCount: toolUse,
          totalTokenCount: prompt + toolUse + output + thoughts,
        };
      });
    fc.assert(
      fc.property(usages, fc.constantFrom(flash, flashBatch, flashPriority, pro, free), (usage, of) => {
        const own = cost(of, usage);
        const { model, serviceTier } = of;
        expect(own).toBe(
          priceBillEntry({ model, serviceTier, usageMetadata: usage, at: "2026-11-22T00:00:00Z" }),
        );
        const output = usage.candidatesTokenCount + usage.thoughtsTokenCount;
        const hold = holdFor(of, usage.promptTokenCount + usage.toolUsePromptTokenCount, output);
        expect(hold.gte(own)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
