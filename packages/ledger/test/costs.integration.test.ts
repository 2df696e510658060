import { beforeAll, describe, expect, it } from "@jest/globals";
import { type CostSums, type CostsQuery, costGroupings } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { costs } from "../src/costs.ts";
import { Money } from "../src/money.ts";
import { type EndedCall, writeCalls } from "./ended-call.ts";

const now = new Date("2026-11-22T18:00:00Z");
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const { database } = await openSuiteDatabase(4);
let calls: Awaited<ReturnType<Database["prisma"]["usageLog"]["findMany"]>>;

beforeAll(async () => {
  await writeCalls(database, manyCalls());
  calls = await database.prisma.usageLog.findMany();
});

/** Over 20 days, some at midnight to the millisecond and on either side of it, in every state. */
function manyCalls(): EndedCall[] {
  const one = (index: number): EndedCall => ({
    creatorId: `creator_${index % 3}`,
    agentId: ["messaging_ai", "content_ai"][index % 2] ?? "",
    model:
      ["gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.5-flash-lite"][index % 5 < 2 ? 0 : index % 3] ?? "",
    feature: ["fan_message", "caption", "sale", "insight"][(index >> 2) % 4] ?? "",
    status:
      (["settled", "settled", "settled", "released", "unknown", "started"] as const)[index % 6] ?? "settled",
    costUsd: new Money(index).times("0.000000123457").plus("0.000000000001").toFixed(),
    holdUsd: new Money(index).times("0.000000000301").toFixed(),
    startedAt: new Date(now.getTime() - 20 * dayMs + index * 2_879_137),
  });
  const atMidnight = [-1, 0, 1].map((ms, index) => ({
    ...one(900 + 6 * index),
    startedAt: new Date(Date.parse("2026-11-15T00:00:00Z") + ms),
  }));
  return [...Array.from({ length: 600 }, (_, index) => one(index)), ...atMidnight];
}

/** The same sums, one call after another. */
function sumCalls(query: Omit<CostsQuery, "from" | "to"> & { from: Date; to: Date }): Map<string, CostSums> {
  const rows = new Map<string, CostSums>();
  for (const call of calls) {
    if (call.status === "started" || call.startedAt < query.from || call.startedAt >= query.to) continue;
    if (
      (query.creatorId ?? call.creatorId) !== call.creatorId ||
      (query.agent ?? call.agentId) !== call.agentId
    )
      continue;
    if ((query.model ?? call.model) !== call.model || (query.feature ?? call.feature) !== call.feature)
      continue;
    const day = call.startedAt.toISOString().slice(0, 10);
    const { creatorId: creator, agentId: agent, model, feature } = call;
    const key = { day, creator, agent, model, feature }[query.groupBy];
    const row = rows.get(key);
    rows.set(key, {
      calls: (row?.calls ?? 0) + 1,
      inputTokens: (row?.inputTokens ?? 0) + call.inputTokens,
      cachedTokens: (row?.cachedTokens ?? 0) + call.cachedTokens,
      outputTokens: (row?.outputTokens ?? 0) + call.outputTokens,
      thoughtTokens: (row?.thoughtTokens ?? 0) + call.thoughtTokens,
      costUsd: new Money(row?.costUsd ?? 0).plus(call.costUsd?.toFixed() ?? 0).toFixed(),
      unknownUsd: new Money(row?.unknownUsd ?? 0)
        .plus(call.status === "unknown" ? call.holdUsd.toFixed() : 0)
        .toFixed(),
    });
  }
  return rows;
}

const periods: [string, string, string][] = [
  ["whole days", "2026-11-05T00:00:00Z", "2026-11-20T00:00:00Z"],
  ["from and to in mid-day", "2026-11-04T11:17:23.457Z", "2026-11-19T06:59:59.999Z"],
  ["from in mid-day, to midnight", "2026-11-04T23:59:59.999Z", "2026-11-15T00:00:00Z"],
  ["from midnight, to a millisecond later", "2026-11-15T00:00:00Z", "2026-11-15T00:00:00.001Z"],
  ["within a day", "2026-11-10T03:00:00Z", "2026-11-10T21:30:00Z"],
  ["across one midnight", "2026-11-14T18:00:00Z", "2026-11-15T06:00:00Z"],
  ["one day", "2026-11-15T00:00:00Z", "2026-11-16T00:00:00Z"],
  ["a time zone's day", "2026-11-10T00:00:00+09:00", "2026-11-11T00:00:00+09:00"],
  ["nothing", "2027-03-01T00:00:00Z", "2027-03-02T12:00:00Z"],
  ["all time", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
];
const filters: Partial<Omit<CostsQuery, "from" | "to" | "groupBy">>[] = [
  {},
  { creatorId: "creator_1" },
  { agent: "content_ai" },
  { model: "gemini-2.5-pro" },
  { feature: "sale" },
  { creatorId: "creator_2", agent: "messaging_ai", model: "gemini-2.5-flash", feature: "caption" },
  { creatorId: "nobody" },
];

describe("costs", () => {
  describe.each(periods)("of %s", (_name, from, to) => {
    it.each(costGroupings)("by %s are the sums of the ended calls, with every filter", async (groupBy) => {
      for (const filter of filters) {
        const query = { ...filter, groupBy, from: new Date(from), to: new Date(to) };
        const { rows, total } = await costs(database, query, now);
        const expected = sumCalls(query);
        expect(Object.fromEntries(rows.map(({ key, ...sums }) => [key, sums]))).toEqual(
          Object.fromEntries(expected),
        );
        expect(rows.map(({ key }) => key)).toEqual([...expected.keys()].sort());
        const sum = (of: "costUsd" | "unknownUsd") =>
          rows.reduce((all, row) => all.plus(row[of]), new Money(0)).toFixed();
        expect([total.costUsd, total.unknownUsd]).toEqual([sum("costUsd"), sum("unknownUsd")]);
        expect(total.calls).toBe(rows.reduce((all, row) => all + row.calls, 0));
      }
    });
  });
});
