import type { Quota } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import { Decimal } from "decimal.js";
import { formatUsd, Money } from "./money.ts";

const statement = loadStatement(new URL("./quota.sql", import.meta.url));

interface Row {
  creatorId: string;
  plan: string;
  periodStart: Date;
  resetsAt: Date;
  quotaUsd: string | null;
  spentUsd: string;
  heldUsd: string;
  unknownUsd: string;
}

/** A creator's quota of the current UTC month, and how much of it is used; undefined for an unknown creator. */
export async function quotaOf(database: Database, creatorId: string): Promise<Quota | undefined> {
  return (await quotasOf(database, [creatorId])).get(creatorId);
}

/** The same of many, by their ids; those that are not known are left out. */
export async function quotasOf(
  database: Database,
  creatorIds: readonly string[],
): Promise<Map<string, Quota>> {
  const rows = await database.execute<Row>(
    statement,
    creatorIds.map((creatorId) => ({ creatorId })),
  );
  return new Map(rows.map((row) => [row.creatorId, present(row)]));
}

function present(row: Row): Quota {
  const { quotaUsd, spentUsd, heldUsd, unknownUsd } = row;
  const used = new Money(spentUsd).plus(unknownUsd);
  return {
    plan: row.plan,
    periodStart: row.periodStart.toISOString(),
    resetsAt: row.resetsAt.toISOString(),
    quotaUsd: quotaUsd === null ? null : formatUsd(quotaUsd),
    spentUsd: formatUsd(spentUsd),
    heldUsd: formatUsd(heldUsd),
    unknownUsd: formatUsd(unknownUsd),
    remainingUsd:
      quotaUsd === null ? null : formatUsd(Decimal.max(0, new Money(quotaUsd).minus(used).minus(heldUsd))),
    percentUsed: quotaUsd === null ? 0 : percentOf(used, new Money(quotaUsd)),
  };
}

/** Of a quota of nothing, everything is used. */
function percentOf(used: Decimal, quota: Decimal): number {
  return quota.isZero() ? 100 : used.times(100).div(quota).toDecimalPlaces(2, Decimal.ROUND_DOWN).toNumber();
}
