import type { CostEfficiency, CostEfficiencyQuery } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import { costPeriod, costsWithSavings } from "./costs.ts";
import { formatUsd } from "./money.ts";

/** Without a name Postgres plans it each time, for this very period and these filters: see costs.ts. */
const wasteStatement = { ...loadStatement(new URL("./cost-waste.sql", import.meta.url)), name: "" };

/** Sums as Postgres gives them. */
type Waste = Record<"failedUsd" | "blockedUsd" | "retriedUsd", string>;

/** What of the costs of a period bought nothing, what caching saved, and what thinking took. */
export async function costEfficiency(
  database: Database,
  query: CostEfficiencyQuery,
  now: Date,
): Promise<CostEfficiency> {
  const { creatorId, agent, model, feature } = query;
  const filters = { creatorId, agent, model, feature };
  const { from, to } = costPeriod(query, now);
  const period = { from: from.getTime() / 1000, to: to.getTime() / 1000 };
  const [{ calls: _, ...sums }, [waste]] = await Promise.all([
    costsWithSavings(database, { ...filters, from, to }),
    database.execute<Waste>(wasteStatement, [{ ...filters, ...period }]),
  ]);
  if (!waste) throw new Error("The sums of no call are a row as well.");
  return {
    ...sums,
    failedUsd: formatUsd(waste.failedUsd),
    blockedUsd: formatUsd(waste.blockedUsd),
    retriedUsd: formatUsd(waste.retriedUsd),
  };
}
