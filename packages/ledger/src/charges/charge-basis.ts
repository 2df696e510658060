import { type Execute, loadStatement } from "@understudy/database";
import type { ChargeBasis } from "./compute-charge.ts";

const statement = loadStatement(new URL("./charge-basis.sql", import.meta.url));

/** What the charges of creators for a month are made of, in the order of `creatorIds`. */
export async function readChargeBases(
  execute: Execute,
  month: string,
  creatorIds: readonly string[],
): Promise<ChargeBasis[]> {
  if (creatorIds.length === 0) return [];
  const items = creatorIds.map((creatorId) => ({ creatorId, month }));
  const rows = await execute<Omit<ChargeBasis, "month">>(statement, items);
  const bases = new Map(rows.map((row) => [row.creatorId, { ...row, month }]));
  return creatorIds.flatMap((creatorId) => bases.get(creatorId) ?? []);
}
