import type { Alert, AlertsQuery } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import type { VisibleCreators } from "../visible-creators.ts";
import { presentAlert } from "./present-alert.ts";

/** Where a page of alerts begins: behind the alert with this time and id. */
export interface AlertsCursor {
  createdAt: Date;
  id: string;
}

/**
 * Alerts, the newest first, `query.limit` at most.
 * @returns the page, and where the next one begins, unless this was the last
 */
export async function alerts(
  database: Database,
  query: Omit<AlertsQuery, "cursor"> & VisibleCreators,
  after: AlertsCursor | undefined,
): Promise<{ items: Alert[]; next?: AlertsCursor }> {
  const found = await database.prisma.alert.findMany({
    where: {
      ...(query.creatorId && { creatorId: query.creatorId }),
      ...(query.creatorIds && { AND: { creatorId: { in: [...query.creatorIds] } } }),
      ...(query.type && { type: query.type }),
      createdAt: { ...(query.from && { gte: query.from }), ...(query.to && { lt: query.to }) },
      ...(after && {
        OR: [{ createdAt: { lt: after.createdAt } }, { createdAt: after.createdAt, id: { lt: after.id } }],
      }),
    },
    orderBy: [{ createdAt: "desc" }, { id: "desc" }],
    take: query.limit + 1,
  });
  const page = found.slice(0, query.limit);
  const last = found.length > query.limit ? page.at(-1) : undefined;
  return { items: page.map(presentAlert), ...(last && { next: { createdAt: last.createdAt, id: last.id } }) };
}
