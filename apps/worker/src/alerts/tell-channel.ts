import type { Alert } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { alertsToTell, giveUpAlerts, tellAlerts } from "@understudy/ledger";
import type { Logger } from "@understudy/service";
import type { AlertChannel } from "./alert-channel.ts";

/** More at once than this are one message. */
const singlyMax = 10;

/** The most that one message tells of: Slack takes 40,000 characters. */
const digestMax = 100;

const pauseMs = 1_000;
const backoffMsMax = 60_000;

/** For a send as a whole. The transaction that it happens in must not last for ever. */
const sendMsMax = 30_000;

/** Past this an alert that a channel does not take is given up. */
const giveUpHours = 24;

interface Telling {
  database: Database;
  channel: AlertChannel;
  /** Names of all channels. */
  channels: readonly string[];
  logger: Logger;
}

/**
 * One channel's own round, which knows of no other: tells what the channel has not taken yet.
 * @returns a round that gives the pause it asks for: a second, or, the longer the channel fails, up to a minute
 */
export function channelRound({ database, channel, channels, logger }: Telling) {
  let failures = 0;

  return async (stopping: AbortSignal): Promise<{ pauseMs: number }> => {
    let group: Alert[] = [];
    try {
      // Most rounds end here, without a transaction.
      const isIdle = (await alertsToTell(database, channel.name, 1)).length === 0;
      const told = isIdle
        ? 0
        : await tellAlerts(
            database,
            { channel: channel.name, channels, limit: digestMax },
            async (pending) => {
              group = pending.length > singlyMax ? pending : pending.slice(0, 1);
              await sendInTime(channel, group, stopping);
              return group;
            },
          );
      failures = 0;
      return { pauseMs: told > 0 ? 0 : pauseMs };
    } catch (error) {
      if (stopping.aborted) return { pauseMs };
      failures++;
      const nextMs = Math.min(pauseMs * 2 ** (failures - 1), backoffMsMax);
      // Not the error itself, which may carry what was sent.
      const reason = error instanceof Error ? error.message : "unknown";
      logger.warn(
        { channel: channel.name, alerts: group.length, reason, nextTryMs: nextMs },
        "alerts were not told, and will be tried again",
      );
      await giveUp({ database, channel, logger }, group);
      return { pauseMs: nextMs };
    }
  };
}

/** @throws where the channel takes longer than a send may, or the worker stops */
export async function sendInTime(
  channel: Pick<AlertChannel, "send">,
  alerts: readonly Alert[],
  stopping: AbortSignal,
): Promise<void> {
  // AbortSignal.any of an AbortSignal.timeout may be collected before its time, and never abort (Node 20).
  const ending = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    ending.signal.addEventListener("abort", () => reject(ending.signal.reason), { once: true });
  });
  const end = () =>
    ending.abort(stopping.aborted ? stopping.reason : new Error("The channel took too long."));
  const timer = setTimeout(end, sendMsMax);
  stopping.addEventListener("abort", end);
  if (stopping.aborted) end();
  try {
    await Promise.race([channel.send(alerts, ending.signal), aborted]);
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener("abort", end);
  }
}

async function giveUp(
  { database, channel, logger }: Pick<Telling, "database" | "channel" | "logger">,
  alerts: readonly Alert[],
): Promise<void> {
  if (alerts.length === 0) return;
  const givenUp = await giveUpAlerts(database, alerts, giveUpHours).catch(() => []);
  for (const { id, notifiedVia } of givenUp) {
    logger.error(
      { alertId: id, channel: channel.name, notifiedVia },
      "an alert is given up: it could not be told through every channel within 24 hours",
    );
  }
}
