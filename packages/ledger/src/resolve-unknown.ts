import type { Call, CallSettlement } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import { type CallRow, presentCall } from "./calls-list.ts";
import { Money } from "./money.ts";
import { toPost } from "./posting.ts";

const statement = loadStatement(new URL("./resolve-unknown.sql", import.meta.url));

/** What became of an operator's word about a call. */
export type UnknownResolution =
  /** It is so now, or was so already. */
  { kind: "resolved"; call: Call } | { kind: "not_unknown"; call: Call } | { kind: "not_found" };

/**
 * Settles a call whose answer was lost at what an operator says, or writes it off. Safe to run twice: the
 * same word again changes nothing. An answer that comes later still does not change what was said.
 */
export async function resolveUnknownCall(
  database: Database,
  id: string,
  settlement: CallSettlement,
): Promise<UnknownResolution> {
  const { costUsd } = settlement;
  const ended = await database.execute<{ id: string }>(statement, toPost([{ id, costUsd }]));
  const row = await database.prisma.usageLog.findUnique({ where: { id } });
  if (!row) return { kind: "not_found" };
  const isSo = ended.length > 0 || wasSo(row, costUsd);
  return { kind: isSo ? "resolved" : "not_unknown", call: presentCall(row, { withWords: true }) };
}

function wasSo(row: CallRow, costUsd: string | undefined): boolean {
  if (!row.byOperator || row.costUsd === null) return false;
  if (costUsd === undefined) return row.status === "released";
  return row.status === "settled" && new Money(row.costUsd.toFixed()).eq(costUsd);
}
