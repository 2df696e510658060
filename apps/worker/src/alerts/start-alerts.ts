import { openDatabase } from "@understudy/database";
import { raiseRefusals, raiseSpendSpikes } from "@understudy/ledger";
import type { Logger } from "@understudy/service";
import { repeat } from "../repeat.ts";
import type { AlertChannel } from "./alert-channel.ts";
import { type EmailSettings, emailChannel } from "./email-channel.ts";
import { logChannel } from "./log-channel.ts";
import { slackChannel } from "./slack-channel.ts";
import { channelRound } from "./tell-channel.ts";

/** Where alerts are told beside the log. */
export interface AlertSettings {
  slackWebhookUrl?: string | undefined;
  email?: EmailSettings | undefined;
}

const lookPauseMs = 60_000;

/**
 * Looks for spikes of spend and for what providers refuse once a minute, and tells operators of alerts. Each channel has a loop of its own, and
 * all have connections of their own to Postgres: one is held while a message is sent, which jobs must not wait for.
 */
export function startAlerts(
  databaseUrl: string,
  settings: AlertSettings,
  logger: Logger,
): { stop(): Promise<void> } {
  const channels: AlertChannel[] = [
    logChannel(logger),
    ...(settings.slackWebhookUrl ? [slackChannel(settings.slackWebhookUrl)] : []),
    ...(settings.email ? [emailChannel(settings.email)] : []),
  ];
  const names = channels.map((channel) => channel.name);
  const database = openDatabase(databaseUrl, channels.length + 1);
  const loops = [
    repeat(async () => {
      await raiseSpendSpikes(database, new Date()).catch((err: unknown) =>
        logger.warn({ err }, "looking for spikes of spend failed and will be tried again"),
      );
      return { pauseMs: lookPauseMs };
    }),
    repeat(async () => {
      await raiseRefusals(database).catch((err: unknown) =>
        logger.warn({ err }, "looking for what providers refuse failed and will be tried again"),
      );
      return { pauseMs: lookPauseMs };
    }),
    ...channels.map((channel) => repeat(channelRound({ database, channel, channels: names, logger }))),
  ];
  return {
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
      await database.close();
    },
  };
}
