import { type Database, loadStatement } from "@understudy/database";

const publishStatement = loadStatement(new URL("./publish-events.sql", import.meta.url));
const giveUpStatement = loadStatement(new URL("./give-up-deliveries.sql", import.meta.url));

/** Writes deliveries for `limit` events of the outbox at most; how many events were taken. */
export async function publishEvents(database: Database, limit: number): Promise<number> {
  const [row] = await database.execute<{ events: number }>(publishStatement, [{ limit }]);
  return row?.events ?? 0;
}

/** Gives up what waits for endpoints that are disabled or deleted; how many those are. */
export async function giveUpDeliveries(database: Database, limit: number): Promise<number> {
  return (await database.execute(giveUpStatement, [{ limit }])).length;
}
