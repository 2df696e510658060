import type { CostSeries, CostSeriesQuery } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { costsByDayAnd } from "./costs.ts";
import { formatUsd, sumUsd } from "./money.ts";

/** More than so many colours are not told apart. */
const seriesMax = 7;

/** Spend by UTC day, each made of the dearest keys of the period and the rest; the total is that of `costs`. */
export async function costSeries(database: Database, query: CostSeriesQuery, now: Date): Promise<CostSeries> {
  return stackCosts(await costsByDayAnd(database, query, now));
}

/** @param rows one for each day and key, by day */
export function stackCosts(rows: readonly { day: string; key: string; costUsd: string }[]): CostSeries {
  const days = [...new Set(rows.map(({ day }) => day))];
  const byKey = new Map<string, Map<string, string>>();
  for (const { day, key, costUsd } of rows) {
    byKey.set(key, (byKey.get(key) ?? new Map<string, string>()).set(day, costUsd));
  }
  const ranked = [...byKey]
    .map(([key, byDay]) => ({ key, byDay, total: sumUsd([...byDay.values()]) }))
    .toSorted((a, b) => b.total.comparedTo(a.total) || (a.key < b.key ? -1 : 1));
  const rest = ranked.slice(seriesMax);
  return {
    days,
    series: ranked.slice(0, seriesMax).map(({ key, byDay, total }) => ({
      key,
      costsUsd: days.map((day) => formatUsd(byDay.get(day) ?? "0")),
      totalUsd: formatUsd(total),
    })),
    ...(rest.length > 0 && {
      others: {
        keys: rest.length,
        costsUsd: days.map((day) => formatUsd(sumUsd(rest.map(({ byDay }) => byDay.get(day) ?? "0")))),
        totalUsd: formatUsd(sumUsd(rest.map(({ total }) => total))),
      },
    }),
    totalUsd: formatUsd(sumUsd(ranked.map(({ total }) => total))),
  };
}
