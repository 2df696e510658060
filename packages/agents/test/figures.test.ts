import { describe, expect, it } from "@jest/globals";
import { engagementRatesIn, factsOf, predict, seriesIn } from "../src/figures.ts";

function seriesOf(values: number[]) {
  return { name: "s", points: values.map((value, index) => ({ label: String(index), value })) };
}

describe("seriesIn", () => {
  /** Each series as its name and its points in short. */
  function found(json: unknown): Record<string, string> {
    return Object.fromEntries(
      seriesIn(json).map(({ name, points }) => [
        name,
        points.map(({ label, value }) => `${label}:${value}`).join(" "),
      ]),
    );
  }

  it("finds lists of numbers, however deep", () => {
    expect(found([1, 2])).toEqual({ values: "1:1 2:2" });
    expect(found({ views: [1, 2], app: { week: { likes: [5] } } })).toEqual({
      views: "1:1 2:2",
      "app.week.likes": "1:5",
    });
  });

  it("finds fields that are named by time, if there are two of them and no others", () => {
    expect(found({ mon: 3, tue: 4 })).toEqual({ values: "mon:3 tue:4" });
    expect(found({ by: { "2026-01": 3, "2026-02": 4, "2026-03": 5 } })).toEqual({
      by: "2026-01:3 2026-02:4 2026-03:5",
    });
    expect(found({ mon: 3 })).toEqual({});
    expect(found({ mon: 3, views: 4 })).toEqual({});
    expect(found({ views: 3, likes: 4 })).toEqual({});
  });

  it("leaves out of them what is no figure, and finds what lies within", () => {
    expect(found({ mon: "3", tue: 4, wed: 5, more: { clicks: [1, 2, 3] } })).toEqual({
      values: "tue:4 wed:5",
      "more.clicks": "1:1 2:2 3:3",
    });
    expect(found({ mon: 1, tue: Number.POSITIVE_INFINITY })).toEqual({});
  });

  it("finds each field of a list of rows, by the rows' own labels or else by their places", () => {
    expect(
      found({
        posts: [
          { day: "mon", likes: 3, views: 30 },
          { likes: 4, views: 40 },
          { day: "wed", likes: 5 },
        ],
      }),
    ).toEqual({ "posts.likes": "mon:3 2:4 wed:5", "posts.views": "mon:30 2:40" });
    expect(found([{ likes: 3 }, { likes: 4 }])).toEqual({ "values.likes": "1:3 2:4" });
  });

  it("takes a number as a label where the field says so, and a label that is none as none", () => {
    expect(found([{ id: 7, likes: 3 }])).toEqual({ "values.likes": "7:3" });
    expect(found([{ date: null, name: "x", likes: 3 }])).toEqual({ "values.likes": "x:3" });
    expect(found([{ day: "mon", week: 4, likes: 3 }])).toEqual({
      "values.week": "mon:4",
      "values.likes": "mon:3",
    });
  });

  it("passes over rows that are none, and counts them", () => {
    expect(found([{ likes: 3 }, null, 5, "x", [9], { likes: 4 }])).toEqual({ "values.likes": "1:3 6:4" });
  });

  it("finds what lies within rows, after their own fields", () => {
    const json = { posts: [{ day: "mon", by: { views: [1, 2] }, note: "x", none: null, likes: 3 }] };
    expect(Object.entries(found(json))).toEqual([
      ["posts.likes", "mon:3"],
      ["posts.mon.by.views", "1:1 2:2"],
    ]);
  });

  it.each([[null], [undefined], ["text"], [5], [[]], [{}], [[1, "x", 2]], [[[]]], [[null]]])(
    "finds nothing in %j",
    (json) => expect(seriesIn(json)).toEqual([]),
  );
});

describe("factsOf", () => {
  it("adds up, averages, and tells growth, trend, best and worst of a mixed order", () => {
    expect(factsOf(seriesOf([100, 130, 90, 120]))).toEqual({
      name: "s",
      count: 4,
      total: 440,
      mean: 110,
      first: 100,
      last: 120,
      growth: 0.2,
      slope: 2,
      trend: "rising",
      best: { label: "1", value: 130 },
      worst: { label: "2", value: 90 },
    });
  });

  it("rounds to four places", () => {
    expect(factsOf(seriesOf([0.1, 0.2, 0.7]))).toMatchObject({ total: 1, mean: 0.3333, slope: 0.3 });
    expect(factsOf(seriesOf([3, 5])).growth).toBe(0.6667);
  });

  it("tells no growth of one point, nor of a series that began with nothing, and no trend of two points", () => {
    expect(factsOf(seriesOf([5]))).not.toHaveProperty("growth");
    expect(factsOf(seriesOf([0, 5]))).not.toHaveProperty("growth");
    const two = factsOf(seriesOf([4, 5]));
    expect(two.growth).toBe(0.25);
    expect(two).not.toHaveProperty("slope");
    expect(two).not.toHaveProperty("trend");
    expect(factsOf(seriesOf([4, 5, 6]))).toMatchObject({ slope: 1, trend: "rising" });
  });

  it("tells growth out of a loss as growth", () => {
    expect(factsOf(seriesOf([-10, -5])).growth).toBe(0.5);
  });

  it.each([
    [[99, 100, 101], "level"],
    [[98.9, 100, 101.1], "rising"],
    [[101, 100, 99], "level"],
    [[101.1, 100, 98.9], "falling"],
    [[-101, -100, -99], "level"],
    [[-102, -100, -98], "rising"],
    [[5, 5, 5], "level"],
  ])("calls %j %s: a hundredth of the mean for each step is no change", (values, trend) => {
    expect(factsOf(seriesOf(values)).trend).toBe(trend);
  });
});

describe("predict", () => {
  it("goes on along a line, with two standard errors to either side", () => {
    expect(predict(seriesOf([10, 20, 30, 40]))).toEqual({
      name: "s",
      value: 50,
      low: 50,
      high: 50,
      confidence: 0.5,
    });
    // The line is 1.5 + x / 2. Residuals of -1/2, 1 and -1/2 deviate by √(3/4); a quarter is explained.
    expect(predict(seriesOf([1, 3, 2]))).toEqual({
      name: "s",
      value: 3,
      low: 1.2679,
      high: 4.7321,
      confidence: 0.11,
    });
  });

  it("is surer of a straight line, and of many points", () => {
    const confidenceOf = (values: number[]) => predict(seriesOf(values))?.confidence ?? 0;
    expect(confidenceOf([10, 35, 5, 40])).toBeLessThan(0.3);
    expect(confidenceOf([1, 2, 3])).toBeLessThan(confidenceOf([1, 2, 3, 4]));
    expect(confidenceOf([7, 7, 7, 7])).toBe(0.5);
  });

  it("says nothing of two points", () => {
    expect(predict(seriesOf([1, 2]))).toBeUndefined();
    expect(predict(seriesOf([7, 7, 7]))).toMatchObject({ value: 7, low: 7, high: 7 });
  });

  it("goes below nought only where the series did", () => {
    expect(predict(seriesOf([30, 20, 10, 0]))).toMatchObject({ value: 0, low: 0, high: 0 });
    expect(predict(seriesOf([5, 0, -5, -10]))).toMatchObject({ value: -15, low: -15, high: -15 });
  });
});

describe("engagementRatesIn", () => {
  it("divides all reactions by who saw it, else by who follows", () => {
    const platform = { likes: 90, comments: 8, shares: 2, followers: 400 };
    expect(engagementRatesIn({ platforms: { instagram: { ...platform, reach: 2000 } } })).toEqual([
      { name: "platforms.instagram", rate: 0.05 },
    ]);
    expect(engagementRatesIn(platform)).toEqual([{ name: "all", rate: 0.25 }]);
    expect(engagementRatesIn({ likes: 1, views: 3 })).toEqual([{ name: "all", rate: 0.3333 }]);
  });

  it("finds one wherever there is one, the outermost first", () => {
    const json = { likes: 1, views: 10, posts: [{ likes: 2, views: 10 }, null, { likes: 3, views: 10 }] };
    expect(engagementRatesIn(json)).toEqual([
      { name: "all", rate: 0.1 },
      { name: "posts.0", rate: 0.2 },
      { name: "posts.2", rate: 0.3 },
    ]);
  });

  it("takes no words for figures, and nobody for an audience", () => {
    expect(engagementRatesIn({ likes: "10", reach: 100 })).toEqual([]);
    expect(engagementRatesIn({ likes: 10, comments: "5", reach: "100", followers: 50 })).toEqual([
      { name: "all", rate: 0.2 },
    ]);
    expect(engagementRatesIn({ likes: 10, views: 0 })).toEqual([]);
    expect(engagementRatesIn({ likes: 10, views: 0, followers: 20 })).toEqual([{ name: "all", rate: 0.5 }]);
  });

  it.each([[{ reach: 100 }], [{ likes: 10 }], [{ posts: 5, reach: 100 }], [null], ["likes"]])(
    "finds none in %j",
    (json) => expect(engagementRatesIn(json)).toEqual([]),
  );
});
