import { describe, expect, it } from "@jest/globals";
import { analytics } from "../src/analytics.ts";
import type { AgentTools } from "../src/define-agent.ts";
import { bytesIn, cannedTools } from "./canned-tools.ts";

const metrics = {
  platforms: { instagram: { likes: 90, comments: 10, reach: 2000, followers: 400 } },
  revenueData: [
    { month: "2026-07", usd: 100, note: "x" },
    { month: "2026-08", usd: 110 },
    { month: "2026-09", usd: 120 },
    { month: "2026-10", usd: 130 },
  ],
};
const words = { insights: ["i"], recommendations: ["r"], patterns: ["see [this](https://evil.example)"] };

async function run(given: object, over: Partial<AgentTools> = {}, answer: object = words) {
  const input = analytics.input.parse({ metrics: given });
  const { tools, seen } = cannedTools(analytics, input, { answers: { explain: answer } });
  return { result: await analytics.run(input, { ...tools, ...over }), seen };
}

describe("analytics", () => {
  it("takes predictions and confidence from arithmetic, and words from the model", async () => {
    const { result } = await run(metrics, {}, { ...words, confidence: 0.99, predictions: ["9"] });
    expect(result).toEqual({
      insights: ["i"],
      recommendations: ["r"],
      patterns: ["see this"],
      predictions: [
        {
          metric: "revenueData.usd",
          value: 140,
          low: 140,
          high: 140,
          confidence: 0.5,
          text: "If it goes on as it did, revenueData.usd is about 140 next (140 to 140).",
        },
      ],
      confidence: 0.5,
    });
  });

  it("shows no words of which nothing is left", async () => {
    const answer = {
      insights: ["https://evil.example/x", "one", " "],
      recommendations: ["", "two"],
      patterns: ["![x](https://evil.example)", "three"],
    };
    const { result } = await run({}, {}, answer);
    expect(result).toMatchObject({ insights: ["one"], recommendations: ["two"], patterns: ["three"] });
  });

  it("is as sure as it is of its predictions together, and of little where there are none", async () => {
    const { result: none } = await run({});
    expect(none).toMatchObject({ predictions: [], confidence: 0.2 });
    const { result: few } = await run({ revenueData: [1, 3, 2] });
    expect(few).toMatchObject({ predictions: [{ confidence: 0.11 }], confidence: 0.2 });
    const { result: two } = await run({ revenueData: [1, 2, 3, 4], audienceData: [1, 2, 3] });
    expect(two.predictions.map(({ confidence }) => confidence)).toEqual([0.5, 0.42]);
    expect(two.confidence).toBe(0.46);
  });

  it("predicts ten series at most, and none of two points", async () => {
    const revenueData = Object.fromEntries(
      Array.from({ length: 11 }, (_, index) => [`s${index}`, [1, 2, 3]]),
    );
    const { result } = await run({ revenueData: { short: [1, 2], ...revenueData } });
    expect(result.predictions.map(({ metric }) => metric)).toEqual(
      Array.from({ length: 10 }, (_, index) => `revenueData.s${index}`),
    );
  });

  it("refuses what is too deep or too large", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 9; level++) deep = [deep];
    const accepts = (revenueData: unknown) => analytics.input.safeParse({ metrics: { revenueData } }).success;
    expect(accepts(deep)).toBe(false);
    expect(accepts(Array(5001).fill(1))).toBe(false);
    expect(accepts("x".repeat(4001))).toBe(false);
    expect(accepts([[[{ a: 1 }]]])).toBe(true);
  });
});

describe("analytics: what the model is told", () => {
  it("is what it was given, and what was worked out: rates, then facts, then predictions", async () => {
    const { seen } = await run(metrics);
    const [raw, facts] = seen.requests[0]?.parts ?? [];
    expect(raw).toContain(JSON.stringify(metrics));
    const lines = facts?.split("\n").slice(1, -1) ?? [];
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { name: "platforms.instagram", rate: 0.05 },
      { name: "revenueData.usd", total: 460 },
      { name: "revenueData.usd", value: 140 },
    ]);
    expect(analytics.steps({ metrics }).explain.partsBytesMax).toBeGreaterThan(
      bytesIn(seen.requests[0]?.parts),
    );
  });

  it("is bounded, and has no fact that is cut apart", async () => {
    const revenueData = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`series number ${index}`, Array(20).fill(index)]),
    );
    const { seen } = await run({ revenueData });
    const [raw = "", facts = ""] = seen.requests[0]?.parts ?? [];
    for (const part of [raw, facts]) {
      expect(Buffer.byteLength(part)).toBeGreaterThan(7800);
      expect(Buffer.byteLength(part)).toBeLessThan(8050);
    }
    for (const line of facts.split("\n").slice(1, -1)) expect(JSON.parse(line)).toHaveProperty("total");
  });
});

describe("analytics: what it shares", () => {
  const sharedOf = async (platforms: object) => (await run({ platforms })).seen.shared;

  it("is a rate of a platform in whole percent, for everybody, without a name", async () => {
    expect(await sharedOf({ instagram: { likes: 126, reach: 1000 } })).toMatchObject([
      {
        scope: "everyone",
        text: "On instagram, about 13 % of those who see a post react to it.",
        data: { platform: "instagram", percent: 13 },
      },
    ]);
  });

  it("is the first of a platform that is known, whatever it is called beside", async () => {
    const shared = await sharedOf({
      mine: { likes: 1, reach: 10 },
      My_TikTok_page: { likes: 2, reach: 10 },
      twitter: { likes: 3, reach: 10 },
    });
    expect(shared).toMatchObject([{ data: { platform: "tiktok", percent: 20 } }]);
    expect(shared).toHaveLength(1);
  });

  it("is nothing that can't be a rate", async () => {
    expect(await sharedOf({ twitter: { likes: 0, reach: 10 } })).toEqual([]);
    expect(await sharedOf({ twitter: { likes: 11, reach: 10 } })).toEqual([]);
    expect(await sharedOf({ twitter: { likes: 10, reach: 10 } })).toMatchObject([{ data: { percent: 100 } }]);
    const { seen } = await run({});
    expect([seen.shared, seen.logged]).toEqual([[], []]);
  });

  it("is not needed: where sharing is refused, the explanation is given and operators are told", async () => {
    const shareInsight = () => Promise.reject(new Error("personal"));
    const { result, seen } = await run(metrics, { shareInsight });
    expect(result.insights).toEqual(["i"]);
    expect(seen.logged).toEqual([{ message: "an engagement rate was not shared" }]);
  });

  it("ends with the job", async () => {
    const shareInsight = () => Promise.reject(new Error("away"));
    const signal = AbortSignal.abort(new Error("cancelled"));
    await expect(run(metrics, { shareInsight, signal })).rejects.toThrow("cancelled");
  });
});
