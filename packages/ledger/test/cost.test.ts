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
    provider: "gemini",
    model,
    serviceTier,
    regionClass: "global",
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
      unnamed: 40,
      estimated: true,
    });
    expect(readUsage(P(100, { ...O(10), totalTokenCount: 110 }))).toMatchObject({
      output: 10,
      unnamed: 0,
      estimated: false,
    });
    expect(readUsage(P(100, { ...O(10), totalTokenCount: 109 }))).toMatchObject({
      output: 10,
      unnamed: 0,
      estimated: true,
    });
  });

  it("takes thoughts to be in the output where the total says so, and there is room for them", () => {
    const read = (candidates: number, thoughts: number, totalTokenCount: number) =>
      readUsage(P(100, { ...O(candidates), ...R(thoughts), toolUsePromptTokenCount: 7, totalTokenCount }));
    expect(read(30, 20, 137)).toMatchObject({ output: 10, thoughts: 20, thoughtsInside: true });
    expect(read(20, 20, 127)).toMatchObject({ output: 0, thoughts: 20, thoughtsInside: true });
    expect(read(19, 20, 126)).toMatchObject({ output: 19, thoughtsInside: false, estimated: true });
    expect(read(30, 20, 157)).toMatchObject({ output: 30, thoughtsInside: false, estimated: false });
    expect(read(30, 0, 137)).toMatchObject({ output: 30, thoughtsInside: false, estimated: false });
  });

  it("bills cached audio as little as can be where nothing says what was cached, and says so", () => {
    const prompt = (cachedContentTokenCount: number, details: object = {}) =>
      readUsage(
        P(100, {
          promptTokensDetails: [{ modality: "AUDIO", tokenCount: 60 }],
          cachedContentTokenCount,
          ...details,
        }),
      );
    expect(prompt(40)).toMatchObject({ cached: 40, cachedAudio: 0, estimated: true });
    expect(prompt(41)).toMatchObject({ cached: 41, cachedAudio: 1, estimated: true });
    expect(prompt(0)).toMatchObject({ cached: 0, cachedAudio: 0, estimated: false });
    const cacheTokensDetails = [{ modality: "AUDIO", tokenCount: 25 }, { modality: "AUDIO" }];
    expect(prompt(40, { cacheTokensDetails })).toMatchObject({ cachedAudio: 25, estimated: false });
    const text = P(100, { cachedContentTokenCount: 40 });
    expect(readUsage(text)).toMatchObject({ promptAudio: 0, cachedAudio: 0, estimated: false });
  });

  it("takes no part to be more than the whole, and says that it is estimated", () => {
    expect(readUsage(P(100, { cachedContentTokenCount: 101 }))).toMatchObject({
      cached: 100,
      estimated: true,
    });
    expect(readUsage(P(100, { cachedContentTokenCount: 100 }))).toMatchObject({
      cached: 100,
      estimated: false,
    });
    const audio = (tokenCount: number) => ({ promptTokensDetails: [{ modality: "AUDIO", tokenCount }] });
    expect(readUsage(P(100, audio(101)))).toMatchObject({ promptAudio: 100, estimated: true });
    expect(readUsage(P(100, audio(100)))).toMatchObject({ promptAudio: 100, estimated: false });
  });

  it("is listed by what it is paid for, adding up to the whole", () => {
    const tokens = readUsage(
      P(1000, {
        promptTokensDetails: [{ modality: "AUDIO", tokenCount: 300 }],
        cachedContentTokenCount: 150,
        cacheTokensDetails: [{ modality: "AUDIO", tokenCount: 50 }],
        toolUsePromptTokenCount: 70,
        ...O(20),
        ...R(3),
        totalTokenCount: 1100,
      }),
    );
    if (!tokens) throw new Error("no usage");
    const { lines, totalUsd } = explainCost(flash, tokens);
    expect(lines.map(({ what, tokens, usd }) => `${what}: ${tokens} = ${usd.toFixed()}`)).toEqual([
      "input: 600 = 0.00018",
      "audio input: 250 = 0.00025",
      "cached input: 100 = 0.000003",
      "cached audio input: 50 = 0.000005",
      "tool use: 70 = 0.000021",
      "output: 20 = 0.00005",
      "output that only the total counts: 7 = 0.0000175",
      "thoughts: 3 = 0.0000075",
    ]);
    expect(totalUsd.toFixed()).toBe("0.000534");
  });

  it("has no usage to read where the prompt is not counted, or a count can't be", () => {
    expect(readUsage(undefined)).toBeUndefined();
    expect(readUsage({ candidatesTokenCount: 5 })).toBeUndefined();
    expect(readUsage({ promptTokenCount: -1 })).toBeUndefined();
    expect(readUsage({ promptTokenCount: 1_000_000_000 })).toMatchObject({ prompt: 1_000_000_000 });
    expect(readUsage({ promptTokenCount: 1_000_000_001 })).toBeUndefined();
    expect(readUsage(P(1, { thoughtsTokenCount: 0.5 }))).toBeUndefined();
  });

  it("is not nothing where a usage says that nothing was sent", () => {
    expect(readUsage({ promptTokenCount: 0, candidatesTokenCount: 0, totalTokenCount: 0 })).toBeUndefined();
    expect(readUsage(P(0, { ...O(5), totalTokenCount: 5 }))).toBeUndefined();
    expect(readUsage({ promptTokenCount: null, totalTokenCount: 5 })).toBeUndefined();
    expect(readUsage({})).toBeUndefined();
  });

  it("takes null for a count that is absent", () => {
    const known = P(100, { ...O(10), totalTokenCount: 110 });
    const unknown = {
      thoughtsTokenCount: null,
      toolUsePromptTokenCount: null,
      cachedContentTokenCount: null,
      promptTokensDetails: null,
      cacheTokensDetails: null,
      candidatesTokensDetails: [{ modality: null, tokenCount: null }],
    };
    expect(readUsage({ ...known, ...unknown })).toEqual(readUsage(known));
    expect(readUsage(P(100, { ...O(10), totalTokenCount: null }))).toEqual(readUsage(P(100, O(10))));
  });

  it.each(["IMAGE", "AUDIO", "VIDEO", "DOCUMENT", "SMELL"])(
    "is not that of text where the output is %s",
    (modality) => {
      const output = (tokenCount: number | undefined, more: object[] = []) =>
        readUsage(P(100, { ...O(10), candidatesTokensDetails: [{ modality, tokenCount }, ...more] }));
      expect(output(10)).toBeUndefined();
      expect(output(1, [{ modality: "TEXT", tokenCount: 9 }])).toBeUndefined();
      expect(output(undefined)).toBeUndefined();
      expect(output(0)).toMatchObject({ output: 10 });
    },
  );

  it("is that of text where the output is text, or nobody says what", () => {
    for (const modality of ["TEXT", "MODALITY_UNSPECIFIED", undefined]) {
      const usage = P(100, { ...O(10), candidatesTokensDetails: [{ modality, tokenCount: 10 }] });
      expect(readUsage(usage)).toMatchObject({ output: 10, estimated: false });
    }
  });

  it("agrees with the second calculation on any consistent usage, and never passes its hold", () => {
    const tokens = fc.integer({ min: 0, max: 200_000 });
    const some = fc.integer({ min: 1, max: 200_000 });
    const modalities = (text: number, audio: number) => [
      { modality: "TEXT", tokenCount: text },
      { modality: "AUDIO", tokenCount: Math.floor(audio / 2) },
      { modality: "AUDIO", tokenCount: Math.ceil(audio / 2) },
    ];
    const usages = fc
      .record({
        text: some,
        audio: tokens,
        cachedText: tokens,
        cachedAudio: tokens,
        output: tokens,
        thoughts: tokens,
        toolUse: tokens,
        inside: fc.boolean(),
        hasCacheDetails: fc.boolean(),
      })
      .map(({ text, audio, output, thoughts, toolUse, inside, hasCacheDetails, ...counts }) => {
        const candidates = inside ? output + thoughts : output;
        const cachedText = Math.min(counts.cachedText, text);
        const cachedAudio = Math.min(counts.cachedAudio, audio);
        return {
          promptTokenCount: text + audio,
          promptTokensDetails: modalities(text, audio),
          cachedContentTokenCount: cachedText + cachedAudio,
          ...(hasCacheDetails && { cacheTokensDetails: modalities(cachedText, cachedAudio) }),
          candidatesTokenCount: candidates,
          thoughtsTokenCount: thoughts,
          toolUsePromptTokenCount: toolUse,
          totalTokenCount: text + audio + toolUse + output + thoughts,
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
        // Nothing but text is sent: what is held is for a prompt without audio in it.
        const { promptTokensDetails: _, cacheTokensDetails: __, ...text } = usage;
        expect(hold.gte(cost(of, text))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
