import { beforeAll, describe, expect, it } from "@jest/globals";
import type { CostsQuery } from "@understudy/contracts";
import { openStrictSuiteDatabase } from "@understudy/testkit/suite";
import { costs } from "../src/index.ts";
import { type EndedCall, writeCalls } from "./ended-call.ts";

type Query = Parameters<typeof costs>[1];

const now = new Date("2026-11-22T18:00:00Z");

const { database, zoned } = await openStrictSuiteDatabase();

beforeAll(() => writeCalls(database, [...whole(), ...atEdges(), ...ofYoungAndOld()]));

const call = (
  creatorId: string,
  time: string,
  costUsd: string,
  more: Partial<EndedCall> = {},
): EndedCall => ({
  creatorId,
  startedAt: new Date(time),
  costUsd,
  ...more,
});

function whole(): EndedCall[] {
  const perDay = (creatorId: string, days: readonly string[], costUsd: string) =>
    days.map((day) => call(creatorId, `${day}T12:00:00Z`, costUsd));
  return [
    ...perDay("steady", ["2026-11-01"], "100"),
    ...perDay("steady", ["2026-11-15", "2026-11-16", "2026-11-21"], "7"),
    ...perDay("steady", ["2026-11-22"], "0.5"),
    ...perDay("steady", ["2026-10-31"], "1000"),
    ...perDay("new", ["2026-11-20"], "1"),
    ...perDay("new", ["2026-11-21"], "2"),
    ...perDay("today", ["2026-11-22"], "0.01"),
  ];
}

/** What is counted has one digit each; what is not is ten thousand. */
function atEdges(): EndedCall[] {
  return [
    call("late", "2026-10-31T23:59:59.999Z", "10000"),
    call("late", "2026-11-01T00:00:00.000Z", "1"),
    call("late", "2026-11-14T23:59:59.999Z", "20"),
    call("late", "2026-11-15T00:00:00.000Z", "0.7"),
    call("late", "2026-11-21T23:59:59.999Z", "0.07"),
    call("late", "2026-11-22T00:00:00.000Z", "300"),
    call("late", "2026-11-22T17:59:59.999Z", "4000"),
    call("early", "2026-10-26T23:59:59.999Z", "10000"),
    call("early", "2026-10-27T00:00:00.000Z", "7"),
    call("early", "2026-10-31T23:59:59.999Z", "0.7"),
    call("early", "2026-11-01T00:00:00.000Z", "0.07"),
    call("early", "2026-11-03T01:00:00.000Z", "500"),
    call("first", "2026-10-31T23:59:59.999Z", "7"),
    call("first", "2026-11-01T00:00:00.000Z", "0.2"),
    call("first", "2026-11-01T11:59:59.999Z", "3"),
  ];
}

/** For each thing that can be asked for: of an old one calls a month long, of a young one those of two days. */
function ofYoungAndOld(): EndedCall[] {
  const old = { agentId: "old_ai", model: "old", feature: "old" };
  const young = (more: Partial<EndedCall>) => [
    call("old", "2027-02-08T12:00:00Z", "2", { ...old, ...more }),
    call("old", "2027-02-09T12:00:00Z", "4", { ...old, ...more }),
  ];
  return [
    call("old", "2027-01-01T12:00:00Z", "7000", old),
    call("old", "2027-02-07T12:00:00Z", "7000", old),
    ...young({ creatorId: "young" }),
    ...young({ agentId: "young_ai" }),
    ...young({ model: "young" }),
    ...young({ feature: "young" }),
  ];
}

describe("the forecast", () => {
  const ask = (query: Partial<CostsQuery>, at = now) => costs(zoned, { groupBy: "day", ...query }, at);

  it("is what was spent, and the mean day of the last week for the days that are left", async () => {
    // 21 in 7 days; 8.25 days are left.
    const { forecast, total } = await ask({ creatorId: "steady" });
    expect(forecast).toMatchObject({ month: "2026-11", spentUsd: "121.5", forecastUsd: "146.25" });
    expect(forecast?.method).toMatch(/8\.25 days left at \$3 a day: the mean of the last 7 full UTC days/);
    expect(total.costUsd).toBe("121.5");
    expect((await ask({ creatorId: "steady", agent: "test_ai" })).forecast?.spentUsd).toBe("121.5");
    expect((await ask({ creatorId: "steady", agent: "other_ai" })).forecast?.forecastUsd).toBe("0");
  });

  it("takes as many full days as there are", async () => {
    expect((await ask({ creatorId: "new" })).forecast).toMatchObject({ forecastUsd: "15.38" });
    expect((await ask({ creatorId: "today" })).forecast).toMatchObject({
      spentUsd: "0.01",
      forecastUsd: "0.09",
      method: expect.stringMatching(/no full day/),
    });
  });

  it("comes where the period contains the present, and not elsewhere", async () => {
    const day = (text: string) => new Date(text);
    expect((await ask({ from: day("2026-10-01") })).forecast).toBeUndefined();
    expect((await ask({ from: day("2026-10-01"), to: day("2026-11-23") })).forecast).toBeDefined();
    expect((await ask({ from: day("2026-11-22"), to: now })).forecast).toBeUndefined();
    expect((await ask({ from: now })).forecast).toBeDefined();
    expect((await ask({ from: new Date(now.getTime() + 1) })).forecast).toBeUndefined();
  });
});

describe("what a forecast goes by", () => {
  /** What was spent in this month, the mean day's cost, and how many days it is the mean of. */
  async function basis(query: Partial<Query>, now: string) {
    const { forecast } = await costs(zoned, { groupBy: "creator", ...query }, new Date(now));
    const method = forecast?.method ?? "";
    const [, meanUsd, , days] = /at \$([\d.]+) a day: (the mean of the last (\d+) )?/.exec(method) ?? [];
    return { spentUsd: forecast?.spentUsd, meanUsd, days };
  }

  /** Periods that contain the present: whether they reach back far enough or not, the same must come of each. */
  const periods = (now: string): Partial<Query>[] => [
    {},
    { from: new Date("2026-01-01"), to: new Date("2028-01-01") },
    { from: new Date("2026-10-25T23:59:59.998Z"), to: new Date(Date.parse(now) + 1) },
    { from: new Date("2026-10-26T23:59:59.998Z"), to: new Date(Date.parse(now) + 1) },
    { from: new Date("2026-10-31T23:59:59.998Z"), to: new Date(Date.parse(now) + 1) },
    { from: new Date("2026-10-01"), to: new Date(Date.parse(now) + 1) },
    { from: new Date(now) },
  ];

  it("is the month from its first millisecond on, and the last seven days to their last", async () => {
    const at = now.toISOString();
    for (const period of periods(at)) {
      expect(await basis({ creatorId: "late", ...period }, at)).toEqual({
        spentUsd: "4321.77",
        meanUsd: "0.11",
        days: "7",
      });
    }
  });

  it("is seven days also where the month has begun since", async () => {
    const at = "2026-11-03T18:00:00Z";
    for (const period of periods(at)) {
      expect(await basis({ creatorId: "early", ...period }, at)).toEqual({
        spentUsd: "500.07",
        meanUsd: "1.11",
        days: "7",
      });
    }
  });

  it("has the month's first day up to now, also where the period ends then", async () => {
    const at = "2026-11-01T12:00:00Z";
    for (const period of periods(at)) {
      expect(await basis({ creatorId: "first", ...period }, at)).toEqual({
        spentUsd: "3.2",
        meanUsd: "7",
        days: "1",
      });
    }
  });

  it.each<Partial<Query>>([
    { creatorId: "young" },
    { creatorIds: ["young", "nobody"] },
    { creatorIds: ["young", "old"], creatorId: "young" },
    { creatorIds: ["young"], creatorId: "young", agent: "old_ai", model: "old", feature: "old" },
    { agent: "young_ai" },
    { model: "young" },
    { feature: "young" },
  ])("are the calls that are asked for alone: %j", async (filter) => {
    const at = "2027-02-10T12:00:00Z";
    for (const period of [{}, { from: new Date(at) }]) {
      expect(await basis({ ...filter, ...period }, at)).toEqual({ spentUsd: "6", meanUsd: "3", days: "2" });
    }
  });
});
