import type {
  CostForecast,
  CostSeriesQuery,
  CostStack,
  CostSums,
  Costs,
  CostsQuery,
} from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import { type ForecastDays, forecastDays, forecastMonth } from "./forecast.ts";
import { formatUsd, Money, sumUsd } from "./money.ts";
import { dayMs, dayNumber } from "./utc-days.ts";
import type { VisibleCreators } from "./visible-creators.ts";

/**
 * Without a name Postgres plans it each time, for this very period and these filters: a fraction of a millisecond.
 * A plan kept for any period reads every row through an index, which took six times as long at a million calls.
 */
const statement = { ...loadStatement(new URL("./costs.sql", import.meta.url)), name: "" };
const firstDayStatement = { ...loadStatement(new URL("./first-day.sql", import.meta.url)), name: "" };

/** Sums as Postgres gives them: bigint and numeric come as strings. */
type Row = { key: string; stack: string | null } & Record<
  keyof CostSums | "cacheSavedUsd" | "thoughtsUsd" | "monthUsd" | "recentUsd",
  string
>;

type Filters = Pick<CostsQuery, "creatorId" | "agent" | "model" | "feature"> & VisibleCreators;

/** A statement's question: one grouping of one period. */
interface Question extends Filters {
  groupBy: CostsQuery["groupBy"];
  /** Splits each day, too. */
  stackBy?: CostStack;
  withSavings?: true;
  from: Date;
  to: Date;
}

/**
 * What ended calls that started in [from, to) cost, grouped; the total is the sum of the rows to the last digit.
 * A forecast of the current month comes with it where the period contains `now`.
 */
export async function costs(
  database: Database,
  query: CostsQuery & VisibleCreators,
  now: Date,
): Promise<Costs> {
  const { from, to } = costPeriod(query, now);
  const { groupBy, creatorId, creatorIds, agent, model, feature } = query;
  const question = { groupBy, creatorId, creatorIds, agent, model, feature, from, to };
  const days = from <= now && now < to ? forecastDays(now) : undefined;
  const found = await sumCosts(database, question, days);
  const forecast = days && (await forecastFrom(database, question, found, days, now));
  const rows = found.map((row) => ({ key: row.key, ...readSums(row) }));
  return { rows, total: rows.reduce<CostSums>(addSums, noCosts), ...(forecast && { forecast }) };
}

/** The period of a query; the current UTC month where it names none. */
export function costPeriod(query: { from?: Date | undefined; to?: Date | undefined }, now: Date) {
  const from = query.from ?? new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  const to = query.to ?? new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1));
  return { from, to };
}

/** What ended calls that started in the period cost, by UTC day and one thing more. */
export async function costsByDayAnd(
  database: Database,
  { stackBy, ...query }: CostSeriesQuery,
  now: Date,
): Promise<{ day: string; key: string; costUsd: string }[]> {
  const question: Question = { ...query, groupBy: "day", stackBy, ...costPeriod(query, now) };
  const rows = await sumCosts(database, question, undefined);
  return rows.map(({ key, stack, costUsd }) => ({ day: key, key: stack ?? "", costUsd }));
}

/** What ended calls cost in a period, with what caching saved and thoughts took. */
export async function costsWithSavings(
  database: Database,
  { from, to, ...filters }: Filters & { from: Date; to: Date },
): Promise<CostSums & { cacheSavedUsd: string; thoughtsUsd: string }> {
  const rows = await sumCosts(
    database,
    { ...filters, groupBy: "model", withSavings: true, from, to },
    undefined,
  );
  return {
    ...rows.map(readSums).reduce<CostSums>(addSums, noCosts),
    cacheSavedUsd: formatUsd(sumUsd(rows.map((row) => row.cacheSavedUsd))),
    thoughtsUsd: formatUsd(sumUsd(rows.map((row) => row.thoughtsUsd))),
  };
}

function sumCosts(
  database: Database,
  { from, to, ...question }: Question,
  days: ForecastDays | undefined,
): Promise<Row[]> {
  const { monthFrom, recentFrom, today } = days ?? {};
  const forecast = { monthFrom, recentFrom, today };
  return database.execute<Row>(statement, [{ ...question, ...periodParts(from, to), ...forecast }]);
}

/** What a forecast needs was summed on the way, where the period reaches back far enough. */
async function forecastFrom(
  database: Database,
  question: Question,
  found: readonly Row[],
  days: ForecastDays,
  now: Date,
): Promise<CostForecast> {
  const from = new Date(Math.min(days.monthFrom, days.recentFrom) * dayMs);
  const to = new Date(days.monthTo * dayMs);
  const { creatorId, creatorIds, agent, model, feature } = question;
  const filters = { creatorId, creatorIds, agent, model, feature };
  const [first] = await database.execute<{ day: number | null }>(firstDayStatement, [filters]);
  const rows =
    question.from <= from
      ? found
      : await sumCosts(database, { ...filters, groupBy: "model", from, to }, days);
  const sums = {
    spentUsd: sumUsd(rows.map((row) => row.monthUsd)),
    recentUsd: sumUsd(rows.map((row) => row.recentUsd)),
    firstDay: first?.day ?? null,
  };
  return forecastMonth(days, sums, now);
}

/** A period as costs.sql takes it: the whole UTC days in it, and what is left before and after them. */
function periodParts(from: Date, to: Date) {
  const dayFrom = Math.ceil(from.getTime() / dayMs);
  const dayTo = dayNumber(to.getTime());
  const seconds = (timeMs: number) => timeMs / 1000;
  return {
    dayFrom,
    dayTo,
    firstFrom: seconds(from.getTime()),
    firstTo: seconds(Math.min(dayFrom * dayMs, to.getTime())),
    // Where both ends lie in one day, the first part is all there is.
    lastFrom: seconds(Math.max(dayFrom, dayTo) * dayMs),
    lastTo: seconds(to.getTime()),
  };
}

const noCosts: CostSums = {
  calls: 0,
  inputTokens: 0,
  cachedTokens: 0,
  outputTokens: 0,
  thoughtTokens: 0,
  costUsd: "0",
  unknownUsd: "0",
};

function readSums(row: Row): CostSums {
  return {
    calls: Number(row.calls),
    inputTokens: Number(row.inputTokens),
    cachedTokens: Number(row.cachedTokens),
    outputTokens: Number(row.outputTokens),
    thoughtTokens: Number(row.thoughtTokens),
    costUsd: formatUsd(row.costUsd),
    unknownUsd: formatUsd(row.unknownUsd),
  };
}

function addSums(a: CostSums, b: CostSums): CostSums {
  return {
    calls: a.calls + b.calls,
    inputTokens: a.inputTokens + b.inputTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    thoughtTokens: a.thoughtTokens + b.thoughtTokens,
    costUsd: new Money(a.costUsd).plus(b.costUsd).toFixed(),
    unknownUsd: new Money(a.unknownUsd).plus(b.unknownUsd).toFixed(),
  };
}
