import type { Statement } from "@understudy/database";
import pg from "pg";

/** One part of how Postgres ran a statement. */
export interface PlanNode {
  /** `Seq Scan`, `Index Scan`, `Nested Loop`, … */
  kind: string;
  /** The table, function or CTE that it reads. */
  of: string | undefined;
  index: string | undefined;
  /** Rows that it looked at, in all its loops: those that it gave, and those that it threw away. */
  rows: number;
}

/** As EXPLAIN writes it. */
interface Explained {
  "Node Type": string;
  "Relation Name"?: string;
  "Function Name"?: string;
  "CTE Name"?: string;
  "Index Name"?: string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Join Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  Plans?: Explained[];
}

/**
 * Runs a statement and takes back what it wrote.
 * @param mode the plan that Postgres makes once for any items (as from the sixth time on), or for these
 * @returns all parts of the plan that it ran by
 */
export async function runPlan(
  url: string,
  { text }: Statement,
  items: readonly object[],
  mode: "generic" | "custom" = "generic",
): Promise<PlanNode[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`BEGIN; SET LOCAL jit = off; SET LOCAL plan_cache_mode = force_${mode}_plan`);
    await client.query(`PREPARE explained (jsonb) AS ${text}`);
    const { rows } = await client.query<{ "QUERY PLAN": { Plan: Explained }[] }>(
      `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE explained (${client.escapeLiteral(JSON.stringify(items))})`,
    );
    return rows.flatMap((row) => row["QUERY PLAN"].flatMap(({ Plan }) => nodesOf(Plan)));
  } finally {
    await client.end();
  }
}

function nodesOf(plan: Explained): PlanNode[] {
  const perLoop =
    plan["Actual Rows"] +
    (plan["Rows Removed by Filter"] ?? 0) +
    (plan["Rows Removed by Join Filter"] ?? 0) +
    (plan["Rows Removed by Index Recheck"] ?? 0);
  const node = {
    kind: plan["Node Type"],
    of: plan["Relation Name"] ?? plan["Function Name"] ?? plan["CTE Name"],
    index: plan["Index Name"],
    rows: perLoop * plan["Actual Loops"],
  };
  return [node, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

/** Rows that all parts of a plan looked at. */
export function rowsLookedAt(plan: readonly PlanNode[]): number {
  return Math.round(plan.reduce((sum, { rows }) => sum + rows, 0));
}
