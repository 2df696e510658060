import { describe, expect, it } from "@jest/globals";
import { analytics } from "../src/analytics.ts";
import { engagementRatesIn, factsOf, predict, seriesIn } from "../src/figures.ts";
import { cannedTools } from "./canned-tools.ts";

const metrics = {
  platforms: { instagram: { likes: 90, comments: 10, reach: 2000, followers: 400 } },
  revenueData: [
    { month: "2026-07", usd: 100, note: "x" },
    { month: "2026-08", usd: 110 },
    { month: "2026-09", usd: 120 },
    { month: "2026-10", usd: 130 },
  ],
};

describe("figures", () => {
  it("finds series in lists of numbers, in fields of rows, and in fields named by time", () => {
    expect(seriesIn({ views: [1, 2], days: { mon: 3, tue: 4 }, one: { likes: 5, reach: 6 } })).toEqual([
      {
        name: "views",
        points: [
          { label: "1", value: 1 },
          { label: "2", value: 2 },
        ],
      },
      {
        name: "days",
        points: [
          { label: "mon", value: 3 },
          { label: "tue", value: 4 },
        ],
      },
    ]);
    expect(seriesIn(metrics)).toEqual([
      {
        name: "revenueData.usd",
        points: [
          { label: "2026-07", value: 100 },
          { label: "2026-08", value: 110 },
          { label: "2026-09", value: 120 },
          { label: "2026-10", value: 130 },
        ],
      },
    ]);
  });

  it("adds up, averages, and tells growth, trend, best and worst", () => {
    const [series] = seriesIn(metrics);
    expect(series && factsOf(series)).toEqual({
      name: "revenueData.usd",
      count: 4,
      total: 460,
      mean: 115,
      first: 100,
      last: 130,
      growth: 0.3,
      slope: 10,
      trend: "rising",
      best: { label: "2026-10", value: 130 },
      worst: { label: "2026-07", value: 100 },
    });
  });

  it("predicts along a line, surer of a straight one, never of two points, nor below nought", () => {
    const points = (values: number[]) => values.map((value, index) => ({ label: String(index), value }));
    const straight = predict({ name: "s", points: points([10, 20, 30, 40]) });
    const crooked = predict({ name: "c", points: points([10, 35, 5, 40]) });
    expect(straight).toEqual({ name: "s", value: 50, low: 50, high: 50, confidence: 0.5 });
    expect(crooked?.confidence).toBeLessThan(0.3);
    expect(predict({ name: "t", points: points([1, 2]) })).toBeUndefined();
    expect(predict({ name: "f", points: points([30, 20, 10, 0]) })).toMatchObject({ value: 0, low: 0 });
    expect(predict({ name: "l", points: points([7, 7, 7]) })).toMatchObject({ value: 7, low: 7, high: 7 });
  });

  it("divides reactions by who saw it, else by who follows", () => {
    expect(engagementRatesIn(metrics)).toEqual([{ name: "platforms.instagram", rate: 0.05 }]);
    expect(engagementRatesIn({ likes: 10, followers: 200 })).toEqual([{ name: "all", rate: 0.05 }]);
    expect(engagementRatesIn({ likes: 10, views: 0 })).toEqual([]);
  });
});

describe("analytics", () => {
  const words = { insights: ["i"], recommendations: ["r"], patterns: ["see [this](https://evil.example)"] };

  it("takes predictions and confidence from arithmetic, and words from the model", async () => {
    const { tools, seen } = cannedTools({
      answers: { explain: { ...words, confidence: 0.99, predictions: ["9"] } },
    });
    const result = await analytics.run({ metrics }, tools);
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
    expect(seen.requests[0]?.parts[1]).toContain('"total":460');
    expect(seen.shared).toMatchObject([
      { scope: "everyone", text: "On instagram, about 5 % of those who see a post react to it." },
    ]);
  });

  it("is sure of little where there are no figures", async () => {
    const { tools, seen } = cannedTools({ answers: { explain: words } });
    const result = await analytics.run({ metrics: {} }, tools);
    expect(result).toMatchObject({ predictions: [], confidence: 0.2 });
    expect(seen.shared).toEqual([]);
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
