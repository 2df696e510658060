import { testEventType } from "@understudy/contracts";
import { type Database, loadStatement, newId } from "@understudy/database";

const replayStatement = loadStatement(new URL("./replay-delivery.sql", import.meta.url));
const replaySinceStatement = loadStatement(new URL("./replay-since.sql", import.meta.url));
const testStatement = loadStatement(new URL("./send-test-event.sql", import.meta.url));

/** Begins a delivery anew; undefined where there is none, false where its endpoint is disabled or deleted. */
export async function replayDelivery(database: Database, id: string): Promise<boolean | undefined> {
  const [row] = await database.execute<{ isReplayed: boolean }>(replayStatement, [{ id }]);
  return row?.isReplayed;
}

/**
 * Delivers to an endpoint all that it wants to hear of since a time, again or for the first time.
 * @returns how many events, `limit` at most, and the time of the first one left out
 */
export async function replaySince(
  database: Database,
  endpointId: string,
  since: Date,
  limit: number,
): Promise<{ deliveries: number; nextSince: Date | null }> {
  const [row] = await database.execute<{ deliveries: number; nextSince: Date | null }>(replaySinceStatement, [
    { endpointId, since, limit },
  ]);
  return row ?? { deliveries: 0, nextSince: null };
}

/** Sends a test event; undefined where the endpoint is disabled, deleted or unknown. */
export async function sendTestEvent(
  database: Database,
  endpointId: string,
): Promise<{ deliveryId: string; eventId: string } | undefined> {
  const eventId = newId("evt");
  const [row] = await database.execute<{ deliveryId: string }>(testStatement, [
    { endpointId, eventId, type: testEventType },
  ]);
  return row && { deliveryId: row.deliveryId, eventId };
}
