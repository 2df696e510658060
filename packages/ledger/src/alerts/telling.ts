import type { Alert } from "@understudy/contracts";
import { type Database, type Execute, loadStatement } from "@understudy/database";
import { type AlertRow, presentAlert } from "./present-alert.ts";

const lockStatement = loadStatement(new URL("./lock-channel.sql", import.meta.url));
const pendingStatement = loadStatement(new URL("./alerts-to-tell.sql", import.meta.url));
const toldStatement = loadStatement(new URL("./note-told.sql", import.meta.url));
const giveUpStatement = loadStatement(new URL("./give-up-alerts.sql", import.meta.url));

/** Longer than any send may take. */
const idleMsMax = 60_000;

/** Alerts that `channel` has not taken, the oldest first. */
export async function alertsToTell(
  { execute }: { execute: Execute },
  channel: string,
  limit: number,
): Promise<Alert[]> {
  return (await execute<AlertRow>(pendingStatement, [{ channel, limit }])).map(presentAlert);
}

/**
 * Tells alerts through a channel while no other worker does: `tell` is given those that are still to be told and
 * gives back those that the channel has taken, which are noted. Where a worker dies between the two they are told
 * again: at least once. What `tell` throws is thrown on, and nothing is noted.
 *
 * The channel is locked and not its alerts: rows locked by one channel that hangs would be kept from the others.
 *
 * @param channels all that an alert must be told through, `channel` among them
 * @returns how many were told; none where another worker is at it
 */
export function tellAlerts(
  database: Database,
  { channel, channels, limit }: { channel: string; channels: readonly string[]; limit: number },
  tell: (pending: Alert[]) => Promise<Alert[]>,
): Promise<number> {
  return database.transaction(async (execute) => {
    const [lock] = await execute<{ locked: boolean }>(lockStatement, [{ channel, idleMsMax }]);
    if (!lock?.locked) return 0;
    const pending = await alertsToTell({ execute }, channel, limit);
    if (pending.length === 0) return 0;
    const told = await tell(pending);
    await execute(
      toldStatement,
      told.map(({ id }) => ({ id, channel, channels })),
    );
    return told.length;
  });
}

/** Gives up those of `alerts` that are older than `hoursMax`; they, and the channels that did take each. */
export function giveUpAlerts(
  database: Database,
  alerts: readonly Alert[],
  hoursMax: number,
): Promise<{ id: string; notifiedVia: string[] }[]> {
  return database.execute(
    giveUpStatement,
    alerts.map(({ id }) => ({ id, hoursMax })),
  );
}
