import type { Costs } from "@understudy/contracts";
import { compareUsd } from "../../money/usd.ts";

type Row = Costs["rows"][number];

/** The rows by one of their fields; amounts are compared exactly. */
export function sortCosts(rows: readonly Row[], field: keyof Row, direction: "asc" | "desc"): Row[] {
  const sign = direction === "asc" ? 1 : -1;
  return rows.toSorted((a, b) => sign * compare(a[field], b[field], field) || (a.key < b.key ? -1 : 1));
}

function compare(a: string | number, b: string | number, field: keyof Row): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (field === "key") return a < b ? -1 : a > b ? 1 : 0;
  return compareUsd(String(a), String(b));
}
