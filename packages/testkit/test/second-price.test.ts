import { describe, expect, test } from "@jest/globals";
import { type BillEntry, priceBillEntry, type WireUsage } from "../src/second-price.ts";

const at = "2026-11-22T12:00:00Z";

/** Usage by the letters of gemini.md: P, C, O, R, X and T; `A` and `CA` are audio in prompt and cache. */
function usage(counts: Partial<Record<"P" | "C" | "O" | "R" | "X" | "T" | "A" | "CA", number>>): WireUsage {
  const { P, C, O, R, X, T, A, CA } = counts;
  return {
    ...(P !== undefined && { promptTokenCount: P }),
    ...(C !== undefined && { cachedContentTokenCount: C }),
    ...(O !== undefined && { candidatesTokenCount: O }),
    ...(R !== undefined && { thoughtsTokenCount: R }),
    ...(X !== undefined && { toolUsePromptTokenCount: X }),
    ...(T !== undefined && { totalTokenCount: T }),
    ...(A !== undefined && { promptTokensDetails: byModality((P ?? 0) - A, A) }),
    ...(CA !== undefined && { cacheTokensDetails: byModality((C ?? 0) - CA, CA) }),
  };
}

function byModality(text: number, audio: number): { modality: string; tokenCount: number }[] {
  return [
    { modality: "TEXT", tokenCount: text },
    { modality: "AUDIO", tokenCount: audio },
  ];
}

function price(model: string, counts: Parameters<typeof usage>[0], rest: Partial<BillEntry> = {}): string {
  return priceBillEntry({ model, serviceTier: "standard", usageMetadata: usage(counts), at, ...rest });
}

describe("the vectors of gemini.md", () => {
  test.each<[string, string, Parameters<typeof usage>[0], string, string]>([
    ["plain", "gemini-2.5-flash", { P: 1000, O: 500 }, "standard", "0.00155"],
    ["thoughts", "gemini-2.5-flash", { P: 264, O: 104, R: 989 }, "standard", "0.0028117"],
    ["thoughts, pro", "gemini-2.5-pro", { P: 7477, O: 2060, R: 1939, T: 11476 }, "standard", "0.04933625"],
    ["thoughts inside", "gemini-2.5-pro", { P: 1000, O: 300, R: 200, T: 1300 }, "standard", "0.00425"],
    ["cached", "gemini-2.5-flash", { P: 19882, C: 16214, O: 185, R: 384 }, "standard", "0.00300932"],
    ["audio", "gemini-2.5-flash", { P: 2000, A: 1500, O: 100 }, "standard", "0.0019"],
    ["200,000", "gemini-2.5-pro", { P: 200000, O: 1000 }, "standard", "0.26"],
    ["200,001", "gemini-2.5-pro", { P: 200001, O: 1000 }, "standard", "0.5150025"],
    ["batch", "gemini-2.5-flash", { P: 1000, O: 1000 }, "batch", "0.0014"],
    ["priority", "gemini-2.5-flash", { P: 1000, C: 400, O: 1000 }, "priority", "0.0048456"],
    ["blocked", "gemini-2.5-flash", { P: 9311 }, "standard", "0.0027933"],
    ["free", "gemini-2.0-flash-exp", { P: 100000, O: 100000 }, "standard", "0"],
  ])("%s: %s %j %s", (_name, model, counts, serviceTier, usd) => {
    expect(price(model, counts, { serviceTier })).toBe(usd);
  });
});

describe("the table", () => {
  const million = 1_000_000;
  // Below the long context, so that the first column of prices is the one asked for.
  const tenth = 100_000;

  test.each([
    ["gemini-2.0-flash-exp", "0", "0", "0"],
    ["gemini-2.5-flash", "0.03", "0.003", "0.25"],
    ["gemini-2.5-flash-lite", "0.01", "0.001", "0.04"],
    ["gemini-2.5-pro", "0.125", "0.0125", "1"],
    ["gemini-3-flash-preview", "0.05", "0.005", "0.3"],
    ["gemini-3.1-flash-lite", "0.025", "0.0025", "0.15"],
    ["gemini-3.1-pro-preview", "0.2", "0.02", "1.2"],
    ["gemini-3.5-flash", "0.15", "0.015", "0.9"],
    ["gemini-3.5-flash-lite", "0.03", "0.003", "0.25"],
    ["gemini-3.6-flash", "0.075", "0.0075", "0.375"],
    ["gemini-3.7-flash", "0.075", "0.0075", "0.375"],
    ["gemini-3.8-flash", "0.075", "0.0075", "0.375"],
    ["gemini-4-argon", "0.2", "0.01", "1"],
    ["gemini-4-carbon", "0.2", "0.01", "1"],
    ["gemini-4-hydrogen", "0.15", "0.0075", "0.75"],
    ["gemini-4-neon", "0.3", "0.015", "1.5"],
  ])("%s: a tenth of a million tokens in, cached, out", (model, input, cached, output) => {
    expect(price(model, { P: tenth })).toBe(input);
    expect(price(model, { P: tenth, C: tenth })).toBe(cached);
    expect(price(model, { O: tenth })).toBe(output);
  });

  test.each([
    ["gemini-2.5-flash", "1", "0.1"],
    ["gemini-2.5-flash-lite", "0.3", "0.03"],
    ["gemini-3-flash-preview", "1", "0.1"],
    ["gemini-3.1-flash-lite", "0.5", "0.05"],
    ["gemini-3.5-flash", "1.5", "0.15"], // no audio price of its own
    ["gemini-3.5-flash-lite", "0.3", "0.03"],
    ["gemini-embedding-2", "6.5", "6.5"],
  ])("%s: a million tokens of audio in, cached", (model, input, cached) => {
    expect(price(model, { P: million, A: million })).toBe(input);
    expect(price(model, { P: million, A: million, C: million, CA: million })).toBe(cached);
  });

  test("embeddings are input alone", () => {
    expect(price("gemini-embedding-001", { P: million })).toBe("0.15");
    expect(price("models/gemini-embedding-001", { P: 7 })).toBe("0.00000105");
    expect(price("gemini-embedding-001", { P: 1 }, { serviceTier: "batch" })).toBe("0.000000075");
    expect(price("gemini-embedding-2", { P: million })).toBe("0.2");
  });

  test("the long context of 3.1 pro reprices cached tokens and output too", () => {
    expect(price("gemini-3.1-pro-preview", { P: 300_000, C: 100_000, O: 1000, R: 1000 })).toBe("0.876");
  });

  test("a model without a long-context price keeps its price", () => {
    expect(price("gemini-2.5-flash", { P: million })).toBe("0.3");
  });

  test("cached tokens count for the length of the context, tool use does not", () => {
    expect(price("gemini-2.5-pro", { P: 200_001, C: 200_001 })).toBe("0.05000025");
    expect(price("gemini-2.5-pro", { P: 200_000, X: 1 })).toBe("0.25000125");
  });

  test.each([
    ["gemini-3.6-flash", "2027-01-01", "0.0041625", "0.008325"],
    ["gemini-3.7-flash", "2027-01-01", "0.0041625", "0.008325"],
    ["gemini-3.8-flash", "2027-01-01", "0.0041625", "0.008325"],
    ["gemini-2.5-pro", "2027-01-01", "0.0041625", "0.008325"],
    ["gemini-2.5-pro", "2026-12-01", "0.0106875", "0.0041625"],
    ["gemini-4-argon", "2026-12-01", "0.01105", "0.0221"],
    ["gemini-4-carbon", "2026-12-01", "0.01105", "0.0221"],
  ])("%s changes its price on %s, UTC", (model, day, before, after) => {
    const first = new Date(`${day}T00:00:00Z`);
    const last = new Date(first.getTime() - 1);
    expect(price(model, { P: 1000, C: 500, O: 1000 }, { at: last })).toBe(before);
    expect(price(model, { P: 1000, C: 500, O: 1000 }, { at: first })).toBe(after);
  });

  test("what 2.5 is answered by has neither its audio price nor its long context", () => {
    const at = "2026-12-01T00:00:00Z";
    expect(price("gemini-2.5-flash", { P: million, A: million }, { at })).toBe("0.3");
    expect(price("gemini-2.5-pro", { P: 200_001 }, { at })).toBe("0.15000075");
  });
});

describe("tiers", () => {
  test("batch and flex are alike and leave the cached rate alone where nobody has read that it is halved", () => {
    for (const serviceTier of ["batch", "flex"]) {
      for (const model of ["gemini-2.5-flash", "gemini-3.5-flash-lite"]) {
        expect(price(model, { P: 1000, C: 400, O: 100 }, { serviceTier })).toBe("0.000227");
      }
      expect(price("gemini-4-neon", { P: 1000, C: 400, O: 100 }, { serviceTier })).toBe("0.00171");
      expect(price("gemini-3-flash-preview", { P: 1000, C: 400, O: 100 }, { serviceTier })).toBe("0.00031");
    }
  });

  test("half of the dearest odd price stays exact", () => {
    expect(price("gemini-3.1-flash-lite", { P: 1, C: 1 }, { serviceTier: "flex" })).toBe("0.0000000125");
    expect(price("gemini-3.8-flash", { P: 1, C: 1 }, { serviceTier: "flex" })).toBe("0.0000000375");
  });

  test("priority is 1.8 times the long context and audio too", () => {
    expect(price("gemini-2.5-pro", { P: 200_001, O: 1000 }, { serviceTier: "priority" })).toBe("0.9270045");
    expect(price("gemini-2.5-flash", { P: 10, A: 10 }, { serviceTier: "PRIORITY" })).toBe("0.000018");
  });

  test("none is standard, an unknown one is refused", () => {
    expect(price("gemini-2.5-flash", { P: 1000, O: 500 }, { serviceTier: null })).toBe("0.00155");
    expect(() => price("gemini-2.5-flash", { P: 1 }, { serviceTier: "turbo" })).toThrow(/service tier turbo/);
  });
});

describe("usage", () => {
  test("tool use is billed as text input", () => {
    expect(price("gemini-2.5-flash", { P: 100, X: 900, O: 500, T: 1500 })).toBe("0.00155");
  });

  test("thoughts beside or inside is told by the total, tool use counted in", () => {
    expect(price("gemini-2.5-flash", { P: 10, X: 5, O: 30, R: 20, T: 65 })).toBe("0.0001295");
    expect(price("gemini-2.5-flash", { P: 10, X: 5, O: 30, R: 20, T: 45 })).toBe("0.0000795");
    expect(price("gemini-2.5-flash", { P: 10, O: 30, R: 20 })).toBe("0.000128"); // no total: beside
  });

  test("thoughts without text (MAX_TOKENS while thinking) are billed", () => {
    expect(price("gemini-2.5-flash", { P: 100, R: 400, T: 500 })).toBe("0.00103");
  });

  test("cached audio has its own price", () => {
    // 500 text, 500 audio, of which 200 text and 300 audio are cached
    expect(price("gemini-2.5-flash", { P: 1000, A: 500, C: 500, CA: 300 })).toBe("0.000326");
  });

  test("cached audio that is not detailed counts as text first", () => {
    // 600 cached: the 500 of text, then 100 of audio
    expect(price("gemini-2.5-flash", { P: 1000, A: 500, C: 600 })).toBe("0.000425");
    expect(price("gemini-2.5-flash", { P: 1000, A: 500, C: 100 })).toBe("0.000623");
  });

  test("a refused call and an empty usage cost nothing", () => {
    expect(priceBillEntry({ model: "gemini-2.5-flash", serviceTier: null, usageMetadata: null, at })).toBe(
      "0",
    );
    expect(price("gemini-2.5-flash", {})).toBe("0");
  });

  test("whole dollars and large amounts have no exponent and no trailing zeros", () => {
    expect(price("gemini-2.5-pro", { O: 10_000_000 })).toBe("100");
    expect(price("gemini-2.5-pro", { O: 1_000_000_000_000 })).toBe("10000000");
  });
});

describe("a call that another model answered", () => {
  test("costs what that one costs", () => {
    const counts = { P: 1000, O: 500 };
    for (const [asked, served] of [
      ["gemini-3.5-flash", "gemini-3.6-flash"],
      ["gemini-2.5-pro", "models/gemini-3.8-flash"],
      ["gemini-9", "gemini-3.8-flash-001"],
    ] as const) {
      const cost = price(asked, counts, { modelVersion: served });
      expect(cost).toBe("0.002625");
      expect(cost).toBe(price(served, counts));
    }
  });

  test("costs what the asked one costs, where the other has no price or is not named", () => {
    for (const modelVersion of ["gemini-9", "constructor", "", null, undefined]) {
      expect(price("gemini-2.5-flash", { P: 1000, O: 500 }, { modelVersion })).toBe("0.00155");
    }
  });
});

describe("prices that were added while everything ran", () => {
  const added = {
    ...{ model: "gemini-2.5-flash", from: "2026-11-22T12:00:00Z" },
    ...{ inputUsd: "1", cachedUsd: "0.1", outputUsd: "0.000001" },
  };
  const asOf = (at: string, counts: Parameters<typeof usage>[0], more: object = {}) =>
    priceBillEntry({ model: "gemini-2.5-flash", usageMetadata: usage(counts), at }, [
      { ...added, from: "2026-11-22T11:00:00Z", inputUsd: "7" },
      { ...added, ...more },
      { ...added, from: "2026-11-23T00:00:00Z", inputUsd: "8" },
    ]);

  test("are in force from their time on, and until the next", () => {
    expect(asOf("2026-11-22T10:59:59.999Z", { P: 1000 })).toBe("0.0003");
    expect(asOf("2026-11-22T11:00:00Z", { P: 1000 })).toBe("0.007");
    expect(asOf(at, { P: 1000, C: 500, O: 1000 })).toBe("0.000550001");
    expect(asOf("2026-11-23T00:00:00Z", { P: 1000 })).toBe("0.008");
  });

  test("price audio as text unless they say more", () => {
    expect(asOf(at, { P: 1000, A: 1000 })).toBe("0.001");
    expect(asOf(at, { P: 1000, A: 1000, C: 500 }, { audioInputUsd: "4", audioCachedUsd: "2" })).toBe("0.003");
  });

  test("are of their tier and model alone", () => {
    expect(asOf(at, { P: 1000 }, { serviceTier: "flex" })).toBe("0.007");
    expect(asOf(at, { P: 1000 }, { model: "gemini-2.5-flash-lite" })).toBe("0.007");
  });

  test("give way to what the table has from a later day on", () => {
    expect(asOf("2026-12-01T00:00:00Z", { P: 1000 })).toBe("0.0003");
  });

  test("cost whole picodollars a token, or are refused", () => {
    for (const inputUsd of ["0.0000001", "1e-3", "", "-1"]) {
      expect(() => asOf(at, { P: 1000 }, { inputUsd })).toThrow(/no price of a million tokens/);
    }
  });
});

describe("refused rather than free", () => {
  test("an unknown model, an alias, a property of Object", () => {
    for (const model of ["gemini-9-ultra", "gemini-flash-latest", "constructor"]) {
      expect(() => price(model, { P: 1 })).toThrow(/no price is known for the model/);
    }
  });

  test("names of the same model", () => {
    for (const model of ["models/gemini-2.5-flash", "gemini-2.5-flash-001", "models/gemini-2.5-flash-001"]) {
      expect(price(model, { P: 1000, O: 500 })).toBe("0.00155");
    }
  });

  test("neither the asked nor the served model is known", () => {
    expect(() => price("gemini-9", { P: 1 }, { modelVersion: "gemini-9" })).toThrow(/no price is known/);
  });

  test("counts that are none, times that are none", () => {
    expect(() => price("gemini-2.5-flash", { P: 1.5 })).toThrow(/no count of tokens/);
    expect(() => price("gemini-2.5-flash", { P: -1 })).toThrow(/no count of tokens/);
    expect(() => price("gemini-2.5-flash", { P: 1 }, { at: "yesterday" })).toThrow(/no time/);
  });
});
