import type { Adjustment, Charge, ChargeShare, ChargesQuery } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import { formatUsd } from "../money.ts";
import type { VisibleCreators } from "../visible-creators.ts";
import { readChargeBases } from "./charge-basis.ts";
import { computeCharge } from "./compute-charge.ts";

const pageStatement = loadStatement(new URL("./charges-page.sql", import.meta.url));

/** A charge as Postgres gives it: numeric and bigint come as strings. */
interface ClosedRow {
  isClosed: true;
  creatorId: string;
  month: string;
  plan: string;
  planPriceUsd: string;
  usage: Charge["usage"];
  costUsd: string;
  roundedUsd: string;
  adjustments: Adjustment[];
  amountUsd: string;
  tokensInput: string;
  tokensOutput: string;
  byAgent: Record<string, ChargeShare>;
  byFeature: Record<string, ChargeShare>;
  closedAt: Date;
}

type Row = ClosedRow | { isClosed: false; creatorId: string; month: string };

/**
 * Charges of a month in the order of creators' ids, `limit` at most: as they were closed, else as drafts.
 * @param after the creator that the page begins behind
 * @returns the page, and behind whom the next one begins, unless this was the last
 */
export async function charges(
  database: Database,
  { limit, ...query }: Omit<ChargesQuery, "cursor"> & VisibleCreators,
  after = "",
): Promise<{ items: Charge[]; next?: string }> {
  const found = await database.execute<Row>(pageStatement, [{ ...query, after, limit: limit + 1 }]);
  const page = found.slice(0, limit);
  const drafts = await draftsOf(database, page);
  const items = page.flatMap((row) => (row.isClosed ? present(row) : (drafts.get(row.creatorId) ?? [])));
  const next = found.length > limit ? page.at(-1)?.creatorId : undefined;
  return { items, ...(next !== undefined && { next }) };
}

async function draftsOf(database: Database, page: readonly Row[]): Promise<Map<string, Charge>> {
  const open = page.filter((row) => !row.isClosed);
  const creatorIds = open.map((row) => row.creatorId);
  const bases = await readChargeBases(database.execute, open[0]?.month ?? "", creatorIds);
  return new Map(bases.map((basis) => [basis.creatorId, computeCharge(basis)]));
}

function present(row: ClosedRow): Charge {
  return {
    creatorId: row.creatorId,
    month: row.month,
    status: "closed",
    plan: row.plan,
    planPriceUsd: formatUsd(row.planPriceUsd),
    usage: row.usage,
    costUsd: formatUsd(row.costUsd),
    roundedUsd: formatUsd(row.roundedUsd),
    adjustments: row.adjustments,
    amountUsd: formatUsd(row.amountUsd),
    tokensInput: Number(row.tokensInput),
    tokensOutput: Number(row.tokensOutput),
    byAgent: row.byAgent,
    byFeature: row.byFeature,
    closedAt: row.closedAt.toISOString(),
  };
}
