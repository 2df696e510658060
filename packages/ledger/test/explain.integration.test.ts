import { beforeAll, describe, expect, it } from "@jest/globals";
import type { Quote, QuoteRequest, ServiceTier } from "@understudy/contracts";
import { createUnknownCall, priceBillEntry } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import fc from "fast-check";
import { explainCall, quoteUsage } from "../src/explain.ts";
import { sumUsd } from "../src/money.ts";
import { PriceBook } from "../src/price-book.ts";

const { database } = await openSuiteDatabase(4);
let book: PriceBook;

beforeAll(async () => {
  book = new PriceBook(database);
});

const now = new Date("2026-11-22T12:00:00Z");

async function quoted(
  request: Omit<QuoteRequest, "serviceTier"> & { serviceTier?: ServiceTier },
): Promise<Quote> {
  const outcome = await quoteUsage(book, { serviceTier: "standard", ...request }, now);
  if (outcome.kind !== "quoted") throw new Error(`Not quoted: ${outcome.kind}`);
  return outcome.quote;
}

describe("a quote", () => {
  const million = { promptTokenCount: 1_000_000, candidatesTokenCount: 1_000_000 };

  it("knows the batch tier, and each price from its date on", async () => {
    const usageMetadata = { promptTokenCount: 1000, candidatesTokenCount: 1000 };
    expect((await quoted({ model: "gemini-2.5-flash", serviceTier: "batch", usageMetadata })).totalUsd).toBe(
      "0.0014",
    );
    const flash = (at: string) =>
      quoted({ model: "models/gemini-3.8-flash-001", usageMetadata: million, at: new Date(at) });
    expect(await flash("2026-12-31T23:59:59.999Z")).toMatchObject({
      totalUsd: "4.5",
      model: "gemini-3.8-flash",
    });
    expect(await flash("2027-01-01T00:00:00Z")).toMatchObject({
      totalUsd: "9",
      validFrom: "2027-01-01T00:00:00.000Z",
    });
  });

  it("says where the rate is that of long context, and where thoughts stood inside the output", async () => {
    const long = {
      promptTokenCount: 200_001,
      candidatesTokenCount: 300,
      thoughtsTokenCount: 200,
      totalTokenCount: 200_301,
    };
    const { lines, totalUsd } = await quoted({ model: "gemini-2.5-pro", usageMetadata: long });
    const source = "https://ai.google.dev/gemini-api/docs/pricing (copy of 2026-09)";
    const note = "long context: prompt of more than 200000 tokens";
    expect(lines).toEqual([
      { what: `input, ${note}`, tokens: 200_001, usdPerMillion: "2.5", usd: "0.5000025", source },
      {
        what: `output, without the thoughts that were counted in it, ${note}`,
        tokens: 100,
        usdPerMillion: "15",
        usd: "0.0015",
        source,
      },
      { what: `thoughts, ${note}`, tokens: 200, usdPerMillion: "15", usd: "0.003", source },
    ]);
    expect(totalUsd).toBe("0.5045025");
  });

  it("names tokens that only the total counts, and says that it is an upper bound", async () => {
    const usageMetadata = { promptTokenCount: 100, candidatesTokenCount: 10, totalTokenCount: 150 };
    expect(await quoted({ model: "gemini-2.5-flash", usageMetadata })).toMatchObject({
      lines: [
        { what: "input" },
        { what: "output", tokens: 10 },
        { what: "output that only the total counts", tokens: 40 },
      ],
      estimated: true,
      totalUsd: "0.000155",
    });
  });

  it.each([
    ["model", { model: "gpt-9" }],
    ["serviceTier", { model: "gemini-embedding-001", serviceTier: "flex" }],
    ["at", { model: "gemini-2.5-flash", at: new Date("2020-01-01T00:00:00Z") }],
  ] as const)(
    "is refused for its %s where no price fits, and tells the models that have one",
    async (field, rest) => {
      const request = { serviceTier: "standard" as const, usageMetadata: million, ...rest };
      const outcome = await quoteUsage(book, request, now);
      expect(outcome).toMatchObject({ kind: "unknown_model", field });
      expect(outcome.kind === "unknown_model" && outcome.models).toContain("gemini-embedding-001");
    },
  );

  it("is refused where the usage does not count the prompt", async () => {
    for (const usageMetadata of [
      {},
      { candidatesTokenCount: 1 },
      { promptTokenCount: "7" },
      { promptTokenCount: 1.5 },
    ]) {
      const request = { model: "gemini-2.5-flash", serviceTier: "standard" as const, usageMetadata };
      expect(await quoteUsage(book, request, now)).toEqual({ kind: "no_usage" });
    }
  });

  it("equals the second calculation for any consistent usage of any model, tier and date; its lines add up", async () => {
    const rows = await database.prisma.price.findMany({ select: { model: true, serviceTier: true } });
    expect(rows.length).toBeGreaterThanOrEqual(99);
    const dates = [
      "2026-11-22T00:00:00Z",
      "2026-11-30T23:59:59Z",
      "2026-12-01T00:00:00Z",
      "2026-12-31T23:59:59Z",
      "2027-01-01T00:00:00Z",
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...rows),
        fc.constantFrom(...dates),
        usages,
        async (row, at, usageMetadata) => {
          const quote = await quoted({ ...row, usageMetadata, at: new Date(at) });
          expect(quote.totalUsd).toBe(priceBillEntry({ ...row, usageMetadata, at }));
          expect(sumUsd(quote.lines.map((line) => line.usd)).toFixed()).toBe(quote.totalUsd);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

/** Consistent usages: around the border of long context too, with audio, with its cached part told or not. */
const usages = (() => {
  const tokens = fc.oneof(fc.integer({ min: 0, max: 400_000 }), fc.integer({ min: 199_998, max: 200_003 }));
  const modalities = (text: number, audio: number) => [
    { modality: "TEXT", tokenCount: text },
    { modality: "AUDIO", tokenCount: audio },
  ];
  return fc
    .record({
      prompt: tokens.map((count) => Math.max(1, count)),
      cachedShare: fc.double({ min: 0, max: 1, noNaN: true }),
      audioShare: fc.double({ min: 0, max: 1, noNaN: true }),
      output: tokens,
      thoughts: fc.oneof(fc.constant(0), tokens),
      toolUse: fc.oneof(fc.constant(0), tokens),
      inside: fc.boolean(),
      hasTotal: fc.boolean(),
      hasAudio: fc.boolean(),
      detailsCache: fc.boolean(),
    })
    .map(({ prompt, output, thoughts, toolUse, ...rest }) => {
      const cached = Math.floor(prompt * rest.cachedShare);
      const audio = rest.hasAudio ? Math.floor(prompt * rest.audioShare) : 0;
      // As much of the cached part as must be audio, or more.
      const cachedAudio = Math.max(
        cached - (prompt - audio),
        Math.floor(Math.min(cached, audio) * rest.cachedShare),
      );
      // Only with a total can it be told that thoughts stand inside.
      const inside = rest.inside && rest.hasTotal;
      return {
        promptTokenCount: prompt,
        cachedContentTokenCount: cached,
        candidatesTokenCount: inside ? output + thoughts : output,
        thoughtsTokenCount: thoughts,
        toolUsePromptTokenCount: toolUse,
        ...(rest.hasTotal && { totalTokenCount: prompt + toolUse + output + thoughts }),
        ...(rest.hasAudio && { promptTokensDetails: modalities(prompt - audio, audio) }),
        ...(rest.hasAudio &&
          rest.detailsCache && { cacheTokensDetails: modalities(cached - cachedAudio, cachedAudio) }),
      };
    });
})();

describe("the explanation of a call", () => {
  const lost = () => createUnknownCall(database, { creatorId: "psy", holdUsd: "0.5" });

  async function ended(data: object) {
    const id = await lost();
    await database.prisma.usageLog.update({ where: { id }, data });
    return explainCall(database, id);
  }

  it("recomputes it from what Gemini sent and the price it was settled by", async () => {
    const usageMetadata = { promptTokenCount: 264, candidatesTokenCount: 104, thoughtsTokenCount: 989 };
    const explained = await ended({ status: "settled", costUsd: "0.0028117", usageMetadata });
    expect(explained).toMatchObject({ totalUsd: "0.0028117", unknownUsd: "0", status: "settled" });
    expect(explained?.lines).toMatchObject([
      { what: "input", tokens: 264, usdPerMillion: "0.3", usd: "0.0000792" },
      { what: "output", tokens: 104, usdPerMillion: "2.5", usd: "0.00026" },
      { what: "thoughts", tokens: 989, usdPerMillion: "2.5", usd: "0.0024725" },
    ]);
  });

  it("has the upper bound as its line where no usage came", async () => {
    expect(await ended({ status: "settled", costUsd: "0.5", estimated: true })).toMatchObject({
      lines: [{ what: "upper bound: no usage came", tokens: null, usd: "0.5" }],
      totalUsd: "0.5",
      estimated: true,
    });
  });

  it("has the operator's word as its line", async () => {
    expect(await ended({ status: "settled", costUsd: "0.25", byOperator: true })).toMatchObject({
      lines: [{ usd: "0.25", source: "operator" }],
      totalUsd: "0.25",
    });
  });

  it("has no lines where nothing was paid, and says why", async () => {
    const id = await lost();
    expect(await explainCall(database, id)).toMatchObject({
      lines: [],
      totalUsd: "0",
      unknownUsd: "0.5",
      status: "unknown",
    });
    const refused = { status: "released", costUsd: "0", errorCode: "resource_exhausted" };
    expect(await ended(refused)).toMatchObject({
      lines: [],
      totalUsd: "0",
      note: expect.stringMatching(/resource_exhausted/),
    });
    expect(await ended({ ...refused, errorCode: "written_off", byOperator: true })).toMatchObject({
      lines: [],
      note: expect.stringMatching(/written/),
    });
    expect(await ended({ status: "started", settledAt: null })).toMatchObject({
      lines: [],
      totalUsd: "0",
      unknownUsd: "0",
    });
    expect(await explainCall(database, "call_none")).toBeUndefined();
  });

  it("keeps to what was settled, should the rules be others by now", async () => {
    const usageMetadata = { promptTokenCount: 1000, candidatesTokenCount: 500 };
    expect(await ended({ status: "settled", costUsd: "0.00154", usageMetadata })).toMatchObject({
      lines: [{ what: "as settled then; today's rules make it 0.00155", usd: "0.00154" }],
      totalUsd: "0.00154",
    });
  });
});
