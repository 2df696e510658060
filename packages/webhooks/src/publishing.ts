import { type Database, loadStatement } from "@understudy/database";

const publishStatement = loadStatement(new URL("./publish-events.sql", import.meta.url));
const releaseStatement = loadStatement(new URL("./release-deliveries.sql", import.meta.url));
const takeBackStatement = loadStatement(new URL("./take-back-released.sql", import.meta.url));
const giveUpStatement = loadStatement(new URL("./give-up-deliveries.sql", import.meta.url));

/** A delivery that may be tried now. `tries`: those before. */
export interface ReleasedDelivery {
  id: string;
  generation: number;
  tries: number;
}

/** Writes deliveries for `limit` events of the outbox at most; how many events were taken. */
export async function publishEvents(database: Database, limit: number): Promise<number> {
  const [row] = await database.execute<{ events: number }>(publishStatement, [{ limit }]);
  return row?.events ?? 0;
}

/**
 * Releases deliveries whose time has come, as far as their endpoints have room.
 * @param bound how many each endpoint may have under way, and each of those whose tries fail
 */
export function releaseDeliveries(
  database: Database,
  bound: { perEndpoint: number; perFailing: number },
): Promise<ReleasedDelivery[]> {
  return database.execute(releaseStatement, [bound]);
}

/** Takes back what was released longer than `seconds` ago and has not ended; how many those are. */
export async function takeBackReleased(database: Database, seconds: number): Promise<number> {
  return (await database.execute(takeBackStatement, [{ seconds }])).length;
}

/** Gives up what waits for endpoints that are disabled or deleted; how many those are. */
export async function giveUpDeliveries(database: Database, limit: number): Promise<number> {
  return (await database.execute(giveUpStatement, [{ limit }])).length;
}
