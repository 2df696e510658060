import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Database, newId, openDatabase } from "@understudy/database";
import { createTestDatabase, type TestDatabase } from "@understudy/testkit";
import { alerts } from "../src/alerts/alerts-list.ts";
import { raiseSpendSpikes } from "../src/alerts/spend-spikes.ts";
import { writeCalls } from "./ended-call.ts";

const hourMs = 3_600_000;
const hour = Date.parse("2026-11-22T18:00:00Z");
const at = new Date(hour + hourMs / 2);

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.url, 4);
});

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

/** A creator with calls of these costs, each so long before or after the hour's first moment. */
async function creatorWith(
  spends: readonly { usd: string; startMs: number; endMs?: number }[],
): Promise<string> {
  const creatorId = newId("evt");
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
  await raiseSpendSpikes(database, now);
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

  it("counts a call in the hour in which it ended, and only there", async () => {
    const late = await creatorWith([{ usd: "2", startMs: -600_000, endMs: 5_000 }]);
    expect(await spikesOf(late)).toEqual([{ hour: "2026-11-22T18", spentUsd: "2", meanHourUsd: "0" }]);
    const earlier = await creatorWith([{ usd: "2", startMs: -600_000, endMs: -1 }]);
    expect(await spikesOf(earlier)).toEqual([]);
    // An operator settles what was lost a day ago.
    const lost = await creatorWith([{ usd: "2", startMs: -24 * hourMs, endMs: 5_000 }]);
    expect(await spikesOf(lost)).toEqual([]);
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
});
