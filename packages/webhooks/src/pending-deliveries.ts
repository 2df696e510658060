import { type Database, loadStatement } from "@understudy/database";

const statement = loadStatement(new URL("./pending-deliveries.sql", import.meta.url));

/** What an endpoint is still to be told: how many deliveries, 1,000 for that many or more. */
export interface PendingDeliveries {
  /** For a later time. */
  waiting: number;
  /** Their time has come. */
  due: number;
  underWay: number;
  /** Of the first of those that wait. */
  nextTryAt: Date | null;
}

/** By endpoint. @param ids each once */
export async function pendingDeliveries(
  database: Database,
  ids: string[],
): Promise<Map<string, PendingDeliveries>> {
  if (ids.length === 0) return new Map();
  const rows = await database.execute<PendingDeliveries & { id: string }>(
    statement,
    ids.map((id) => ({ id })),
  );
  return new Map(rows.map(({ id, ...pending }) => [id, pending]));
}
