import { type Database, loadStatement } from "@understudy/database";

const eventsStatement = loadStatement(new URL("./delete-old-events.sql", import.meta.url));
const endpointsStatement = loadStatement(new URL("./delete-old-endpoints.sql", import.meta.url));
const sessionsStatement = loadStatement(new URL("./delete-old-sessions.sql", import.meta.url));
const keysStatement = loadStatement(new URL("./delete-old-keys.sql", import.meta.url));

/** How much was deleted. */
export interface DeletedOld {
  /** With their deliveries and tries. */
  events: number;
  endpoints: number;
  idempotencyKeys: number;
  sessions: number;
}

/**
 * Deletes what has been kept for long enough, `limit` of each kind at most: events and their deliveries after `days`
 * days, unless somebody is still to be told of them; idempotency keys after their 24 hours; sessions that have ended.
 */
export async function deleteOld(database: Database, days: number, limit: number): Promise<DeletedOld> {
  const events = await database.execute(eventsStatement, [{ days, limit }]);
  const endpoints = await database.execute(endpointsStatement, [{ days, limit }]);
  const keys = await database.execute(keysStatement, [{ limit }]);
  const sessions = await database.execute(sessionsStatement, [{ limit }]);
  return {
    events: events.length,
    endpoints: endpoints.length,
    idempotencyKeys: keys.length,
    sessions: sessions.length,
  };
}
