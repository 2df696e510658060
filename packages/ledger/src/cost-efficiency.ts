import type { CostEfficiency, CostEfficiencyQuery } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import { costPeriod } from "./costs.ts";
import { formatUsd } from "./money.ts";

/** Without a name Postgres plans it each time, for this very period and these filters: see costs.ts. */
const statement = { ...loadStatement(new URL("./cost-efficiency.sql", import.meta.url)), name: "" };

/** Sums as Postgres gives them: bigint and numeric come as strings. */
type Row = Record<keyof CostEfficiency, string>;

/** What of the costs of a period bought nothing, what caching saved, and what thinking took. */
export async function costEfficiency(
  database: Database,
  query: CostEfficiencyQuery,
  now: Date,
): Promise<CostEfficiency> {
  const { from, to } = costPeriod(query, now);
  const period = { from: from.getTime() / 1000, to: to.getTime() / 1000 };
  const [row] = await database.execute<Row>(statement, [{ ...query, ...period }]);
  if (!row) throw new Error("The sums of no call are a row as well.");
  return {
    costUsd: formatUsd(row.costUsd),
    failedUsd: formatUsd(row.failedUsd),
    blockedUsd: formatUsd(row.blockedUsd),
    retriedUsd: formatUsd(row.retriedUsd),
    unknownUsd: formatUsd(row.unknownUsd),
    cacheSavedUsd: formatUsd(row.cacheSavedUsd),
    thoughtsUsd: formatUsd(row.thoughtsUsd),
    inputTokens: Number(row.inputTokens),
    cachedTokens: Number(row.cachedTokens),
    outputTokens: Number(row.outputTokens),
    thoughtTokens: Number(row.thoughtTokens),
  };
}
