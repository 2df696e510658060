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

/** A statement that Postgres has planned, and runs by that plan. What it writes is taken back. */
export interface PlannedStatement {
  run(items: readonly object[]): Promise<PlanNode[]>;
  close(): Promise<void>;
}

/** Plans a statement as Postgres does from the sixth time on: once, for any items, by what stands in its tables now. */
export async function planStatement(url: string, { text }: Statement): Promise<PlannedStatement> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("SET jit = off; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan");
  await client.query(`PREPARE planned (jsonb) AS ${text}`);
  await client.query("EXPLAIN EXECUTE planned ('[]')");
  return {
    async run(items) {
      await client.query("BEGIN");
      const { rows } = await client.query<{ "QUERY PLAN": { Plan: Explained }[] }>(
        `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE planned (${client.escapeLiteral(JSON.stringify(items))})`,
      );
      await client.query("ROLLBACK");
      return rows.flatMap((row) => row["QUERY PLAN"].flatMap(({ Plan }) => nodesOf(Plan)));
    },
    close: () => client.end(),
  };
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

/** Tables of which so few rows were read that nobody minds how. */
const rowsOfNoMatter = 20;

/** What of a plan looks at more than `rowsMax` rows in all its parts, or reads a table from one end to the other. */
export function tooMuchLookedAt(plan: readonly PlanNode[], rowsMax: number): string[] {
  const whole = plan.filter(({ kind, rows }) => kind === "Seq Scan" && rows > rowsOfNoMatter);
  const rows = rowsLookedAt(plan);
  return [
    ...whole.map(({ of, rows }) => `all of ${of}: ${rows} rows`),
    ...(rows > rowsMax
      ? [`${rows} rows: ${[...new Set(plan.map(({ index }) => index ?? ""))].join(" ")}`]
      : []),
  ];
}

/** Rows that all parts of a plan looked at. */
export function rowsLookedAt(plan: readonly PlanNode[]): number {
  return Math.round(plan.reduce((sum, { rows }) => sum + rows, 0));
}
