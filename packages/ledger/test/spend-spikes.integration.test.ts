import { describe, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import { eventually } from "@understudy/testkit";
import { openStrictSuiteDatabase } from "@understudy/testkit/suite";
import { alerts } from "../src/alerts/alerts-list.ts";
import { raiseSpendSpikes } from "../src/alerts/spend-spikes.ts";
import { writeCalls } from "./ended-call.ts";
import { waitingForLocks } from "./running-jobs.ts";

const hourMs = 3_600_000;
const hour = Date.parse("2026-11-22T18:00:00Z");
const at = new Date(hour + hourMs / 2);

const { database, zoned } = await openStrictSuiteDatabase(4);

/** A creator with calls of these costs, each so long before or after the hour's first moment. */
async function creatorWith(
  spends: readonly { usd: string; startMs: number; endMs?: number }[],
  creatorId = newId("evt"),
): Promise<string> {
  await writeCalls(
    database,
    spends.map(({ usd, startMs, endMs = startMs + 1_000 }) => ({
      creatorId,
      costUsd: usd,
      startedAt: new Date(hour + startMs),
      settledAt: new Date(hour + endMs),
    })),
  );
  return creatorId;
}

async function spikesOf(creatorId: string, now = at) {
  await raiseSpendSpikes(zoned, now);
  const { items } = await alerts(database, { creatorId, type: "spend_spike", limit: 10 }, undefined);
  return items.map(({ data }) => data);
}

describe("a spike of spend", () => {
  it("is above $1, not at it", async () => {
    const atIt = await creatorWith([
      { usd: "0.4", startMs: 0 },
      { usd: "0.6", startMs: 1_000 },
    ]);
    const above = await creatorWith([
      { usd: "0.4", startMs: 0 },
      { usd: "0.600000000001", startMs: 1_000 },
    ]);
    expect(await spikesOf(atIt)).toEqual([]);
    expect(await spikesOf(above)).toEqual([
      { hour: "2026-11-22T18", spentUsd: "1.000000000001", meanHourUsd: "0" },
    ]);
  });

  it("is above five times the mean hour of the 168 hours before, not at it", async () => {
    // 168 × $0.4, spread over whole days and the parts of days at both ends of the week.
    const week = [
      { usd: "10", startMs: -168 * hourMs },
      { usd: "20", startMs: -100 * hourMs },
      { usd: "30", startMs: -50 * hourMs },
      { usd: "7.2", startMs: -3 * hourMs },
    ];
    const hourly = { usd: "2", startMs: 60_000 };
    expect(await spikesOf(await creatorWith([...week, hourly]))).toEqual([]);
    const above = await creatorWith([...week, { ...hourly, usd: "2.000000000001" }]);
    expect(await spikesOf(above)).toMatchObject([{ meanHourUsd: "0.4" }]);
    // A millisecond more than a week ago does not count.
    const [first = hourly, ...rest] = week;
    const older = await creatorWith([{ ...first, startMs: first.startMs - 1 }, ...rest, hourly]);
    expect(await spikesOf(older)).toMatchObject([{ spentUsd: "2" }]);
  });

  it("counts each call of the week before once, those at midnight too, and none of the hour's own", async () => {
    const day = (text: string) => Date.parse(`2026-11-${text}Z`) - hour;
    // $67.2 in all: 168 × $0.4.
    const week = [
      { usd: "1", startMs: -168 * hourMs },
      { usd: "2", startMs: -167 * hourMs },
      { usd: "4", startMs: day("15T23:59:59.999") },
      { usd: "8", startMs: day("16T00:00:00.000") },
      { usd: "16", startMs: day("16T12:00:00.000") },
      { usd: "32", startMs: day("21T23:59:59.999") },
      { usd: "0.2", startMs: day("22T00:00:00.000") },
      { usd: "3", startMs: day("22T03:00:00.000") },
      { usd: "1", startMs: -1, endMs: -1 },
    ];
    // Two that began before the hour and one that began with it.
    const own = [
      { usd: "0.5", startMs: -3_000, endMs: 0 },
      { usd: "0.25", startMs: -2_000, endMs: 0 },
      { usd: "1.25", startMs: 0 },
    ];
    expect(await spikesOf(await creatorWith([...week, ...own]))).toEqual([]);
    const above = await creatorWith([...week, ...own, { usd: "0.000000000001", startMs: 0 }]);
    const spike = { hour: "2026-11-22T18", spentUsd: "2.000000000001", meanHourUsd: "0.4" };
    expect(await spikesOf(above)).toEqual([spike]);
  });

  it("counts hours, not days, where the week begins within one", async () => {
    // An hour past midnight: what was spent in the hour after the midnight of a week ago is older than a week.
    const startMs = -17 * hourMs;
    const creatorId = await creatorWith([
      { usd: "2", startMs },
      { usd: "500", startMs: startMs - 168 * hourMs - 1 },
      { usd: "1", startMs: startMs - 168 * hourMs },
    ]);
    const spike = { hour: "2026-11-22T01", spentUsd: "2", meanHourUsd: "0.005952" };
    expect(await spikesOf(creatorId, new Date(hour + startMs + 60_000))).toEqual([spike]);
  });

  it("counts a call in the hour in which it ended, and only there", async () => {
    const late = await creatorWith([{ usd: "2", startMs: -600_000, endMs: 5_000 }]);
    expect(await spikesOf(late)).toEqual([{ hour: "2026-11-22T18", spentUsd: "2", meanHourUsd: "0" }]);
    const earlier = await creatorWith([{ usd: "2", startMs: -600_000, endMs: -1 }]);
    expect(await spikesOf(earlier)).toEqual([]);
    // An operator settles what was lost long ago: an attempt lasts two hours at most.
    const lost = await creatorWith([{ usd: "2", startMs: -2 * hourMs - 1, endMs: 5_000 }]);
    expect(await spikesOf(lost)).toEqual([]);
    const slow = await creatorWith([{ usd: "2", startMs: -2 * hourMs, endMs: 5_000 }]);
    expect(await spikesOf(slow)).toHaveLength(1);
    // Each hour alone is below it.
    const spread = await creatorWith([
      { usd: "0.75", startMs: -10_000, endMs: 0 },
      { usd: "0.75", startMs: -10_000, endMs: hourMs },
    ]);
    expect(await spikesOf(spread, new Date(hour + hourMs + 60_000))).toEqual([]);
  });

  it("is told once an hour, also when it came in the hour's last minute", async () => {
    const creatorId = await creatorWith([
      { usd: "2", startMs: hourMs - 30_000 },
      { usd: "500", startMs: hourMs + 30_000 },
    ]);
    const nextHour = new Date(hour + hourMs + 60_000);
    expect(await spikesOf(creatorId, nextHour)).toHaveLength(2);
    expect(await spikesOf(creatorId, nextHour)).toHaveLength(2);
    await Promise.all(Array.from({ length: 4 }, () => raiseSpendSpikes(database, nextHour)));
    const [event] = await database.prisma.outbox.findMany({ where: { creatorId }, orderBy: { id: "asc" } });
    expect(await database.prisma.outbox.count({ where: { creatorId } })).toBe(2);
    expect(event).toMatchObject({ type: "alert.raised", payload: { alert: "spend_spike", creatorId } });
  });

  it("is told once where another process tells it in the same moment, and beside other alerts", async () => {
    const creatorId = await creatorWith([{ usd: "2", startMs: 0 }]);
    const told = { creatorId, key: `${creatorId}:2026-11-22T18`, payload: {} };
    let raised: Promise<unknown> | undefined;
    await database.prisma.$transaction(async (other) => {
      await other.alert.create({ data: { ...told, id: "alert_same", type: "spend_spike" } });
      raised = raiseSpendSpikes(database, at);
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
    });
    expect(await raised).toEqual([]);

    const losing = await creatorWith([{ usd: "2", startMs: 0 }]);
    const lost = { ...told, creatorId: losing, key: `${losing}:2026-11-22T18` };
    await database.prisma.alert.create({ data: { ...lost, id: "alert_lost", type: "unknown_calls" } });
    expect(await spikesOf(losing)).toHaveLength(1);
  });

  it("is told by creator and hour, the last ones free for others until the first is told", async () => {
    const ids = Array.from({ length: 6 }, (_, index) => `creator_${index}`);
    for (const id of ids.toReversed()) {
      const spends = [
        { usd: "2", startMs: 0 },
        { usd: "500", startMs: hourMs },
      ];
      await creatorWith(spends, id);
    }
    const [first, ...others] = ids.flatMap((creatorId) =>
      ["2026-11-22T18", "2026-11-22T19"].map((name) => ({
        id: `alert_${creatorId}_${name.slice(-2)}`,
        type: "spend_spike" as const,
        creatorId,
        key: `${creatorId}:${name}`,
        payload: {},
      })),
    );
    if (!first) throw new Error("no alert");
    let raised: Promise<{ creatorId: string }[]> | undefined;
    await database.prisma.$transaction(async (other) => {
      await other.alert.create({ data: first });
      raised = raiseSpendSpikes(database, new Date(hour + hourMs + 60_000));
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
      await other.$executeRaw`SET LOCAL lock_timeout = 1`;
      await other.alert.createMany({ data: others });
    });
    const raisedOf = (await raised)?.map(({ creatorId }) => creatorId) ?? [];
    expect(raisedOf.filter((creatorId) => ids.includes(creatorId))).toEqual([]);
  });
});
