import { beforeAll, describe, expect, it } from "@jest/globals";
import { type CostsQuery, costGroupings, costStacks } from "@understudy/contracts";
import { openStrictSuiteDatabase } from "@understudy/testkit/suite";
import { costSeries, costs } from "../src/index.ts";
import { Money } from "../src/money.ts";
import { type EndedCall, writeCalls } from "./ended-call.ts";

/** In the future of the period, so that no forecast is worked out. */
const now = new Date("2026-12-24T18:00:00Z");
/** Its parts: half of the 10th, the 11th and 12th, half of the 13th. */
const period = { from: new Date("2026-11-10T12:00:00Z"), to: new Date("2026-11-13T12:00:00Z") };

type WrittenCall = Required<
  Pick<EndedCall, "creatorId" | "agentId" | "model" | "feature" | "costUsd" | "startedAt">
>;
type Filters = Parameters<typeof costs>[1];

const { database, zoned } = await openStrictSuiteDatabase();
const calls = manyCalls();

beforeAll(async () => {
  await writeCalls(database, calls);
  const ended = { creatorId: "one", startedAt: new Date("2026-11-10T13:00:00Z") };
  await writeCalls(database, [
    { ...ended, status: "started" },
    { ...ended, status: "started", startedAt: new Date("2026-11-11T13:00:00Z") },
  ]);
});

/**
 * Calls of one kind, and for each thing that can be asked for one that differs in it alone, in each part of the period and
 * at each of its edges. A sum of powers of two says which of them are in it.
 */
function manyCalls(): WrittenCall[] {
  const kind = { creatorId: "one", agentId: "one_ai", model: "one-model", feature: "one_feature" };
  const kinds = [
    kind,
    { ...kind, creatorId: "two" },
    { ...kind, agentId: "two_ai" },
    { ...kind, model: "two-model" },
    { ...kind, feature: "two_feature" },
    { ...kind, creatorId: "three" },
  ];
  const times = [
    "2026-11-10T11:59:59.999Z",
    "2026-11-10T12:00:00.000Z",
    "2026-11-10T23:59:59.999Z",
    "2026-11-11T00:00:00.000Z",
    "2026-11-12T23:59:59.999Z",
    "2026-11-13T00:00:00.000Z",
    "2026-11-13T11:59:59.999Z",
    "2026-11-13T12:00:00.000Z",
  ];
  return times.flatMap((time, at) =>
    kinds.map((of, index) => ({
      ...of,
      startedAt: new Date(time),
      costUsd: new Money(2)
        .pow(at * kinds.length + index)
        .times("0.000000000001")
        .toFixed(),
    })),
  );
}

function isAskedFor(call: WrittenCall, { creatorId, creatorIds, agent, model, feature, from, to }: Filters) {
  return (
    (creatorId === undefined || creatorId === call.creatorId) &&
    (creatorIds === undefined || creatorIds.includes(call.creatorId)) &&
    (agent === undefined || agent === call.agentId) &&
    (model === undefined || model === call.model) &&
    (feature === undefined || feature === call.feature) &&
    call.startedAt >= (from ?? period.from) &&
    call.startedAt < (to ?? period.to)
  );
}

function keyOf(call: WrittenCall, by: CostsQuery["groupBy"]): string {
  const { creatorId: creator, agentId: agent, model, feature } = call;
  return { day: call.startedAt.toISOString().slice(0, 10), creator, agent, model, feature }[by];
}

/** The sums of calls by key, in the order of the keys. */
function sumBy(found: readonly WrittenCall[], key: (call: WrittenCall) => string): Record<string, string> {
  const sums = new Map<string, InstanceType<typeof Money>>();
  for (const call of found) sums.set(key(call), (sums.get(key(call)) ?? new Money(0)).plus(call.costUsd));
  const rows = [...sums].map(([name, sum]) => [name, sum.toFixed()] as const);
  return Object.fromEntries(rows.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const filters: Partial<Filters>[] = [
  {},
  { creatorId: "one" },
  { creatorIds: ["one"] },
  { creatorIds: ["one", "two", "nobody"] },
  { creatorIds: [] },
  { creatorIds: ["one"], creatorId: "two" },
  { agent: "two_ai" },
  { model: "two-model" },
  { feature: "two_feature" },
  { creatorIds: ["one"], agent: "one_ai", model: "one-model", feature: "one_feature" },
];
const parts: [string, { from: Date; to: Date }][] = [
  ["over whole days and parts of days", period],
  ["over whole days", { from: new Date("2026-11-11"), to: new Date("2026-11-13") }],
  ["within a day", { from: period.from, to: new Date("2026-11-10T23:59:59.999Z") }],
  ["over one midnight", { from: period.from, to: new Date("2026-11-11T00:00:00.001Z") }],
];

describe.each(filters)("costs of %j", (filter) => {
  it.each(parts)("are of the calls that are asked for, %s", async (_name, { from, to }) => {
    for (const groupBy of costGroupings) {
      const query = { ...filter, groupBy, from, to };
      const { rows, total } = await costs(zoned, query, now);
      const found = calls.filter((call) => isAskedFor(call, query));
      expect(rows.map(({ key, costUsd }) => [key, costUsd])).toEqual(
        Object.entries(sumBy(found, (call) => keyOf(call, groupBy))),
      );
      expect(total.calls).toBe(found.length);
    }
  });
});

// The series of the API is for those who see all creators.
describe.each(filters.filter(({ creatorIds }) => !creatorIds))("the series of costs of %j", (filter) => {
  it.each(costStacks)("has each day by %s, and the days in order", async (stackBy) => {
    const { days, series, totalUsd } = await costSeries(zoned, { ...filter, ...period, stackBy }, now);
    const found = calls.filter((call) => isAskedFor(call, { ...filter, groupBy: "day" }));
    expect(days).toEqual([...new Set(found.map((call) => keyOf(call, "day")))]);
    expect(totalUsd).toBe(sumBy(found, () => "all").all);
    const costOf = sumBy(found, (call) => `${keyOf(call, stackBy)} ${keyOf(call, "day")}`);
    for (const { key, costsUsd } of series) {
      expect(costsUsd).toEqual(days.map((day) => costOf[`${key} ${day}`] ?? "0"));
    }
    expect(series.map(({ key }) => key).toSorted()).toEqual(
      Object.keys(sumBy(found, (call) => keyOf(call, stackBy))),
    );
  });
});
