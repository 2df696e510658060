import type { CostSums, Costs, CostsQuery } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import { formatUsd, Money } from "./money.ts";

const statement = loadStatement(new URL("./costs.sql", import.meta.url));

/** Sums as Postgres gives them: bigint and numeric come as strings. */
type Row = { key: string; calls: number } & Record<Exclude<keyof CostSums, "calls">, string>;

/** What calls that started in [from, to) cost, grouped; the total is the sum of the rows to the last digit. */
export async function costs(database: Database, query: CostsQuery, now: Date): Promise<Costs> {
  const from = query.from ?? new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  const to = query.to ?? new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1));
  const found = await database.execute<Row>(statement, [{ ...query, from, to }]);
  const rows = found.map(({ key, ...sums }) => ({ key, ...readSums(sums) }));
  return { rows, total: rows.reduce<CostSums>(addSums, noCosts) };
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

function readSums(row: Omit<Row, "key">): CostSums {
  return {
    calls: row.calls,
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
