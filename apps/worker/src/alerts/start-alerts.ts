import { openDatabase } from "@understudy/database";
import { PriceBook, raiseLoweredQuotas, raiseRefusals, raiseSpendSpikes } from "@understudy/ledger";
import { ModelRegistry, raiseRetirements } from "@understudy/models";
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
const pingMs = 5_000;

/**
 * Looks once a minute for spikes of spend, for what providers refuse and for models that will end, and tells operators of
 * alerts. Each channel has a loop of its own, and
 * all have connections of their own to Postgres: one is held while a message is sent, which jobs must not wait for.
 *
 * @param preferredModel GEMINI_MODEL
 */
export function startAlerts(
  databaseUrl: string,
  settings: AlertSettings,
  logger: Logger,
  preferredModel?: string | undefined,
): { stop(): Promise<void> } {
  const channels: AlertChannel[] = [
    logChannel(logger),
    ...(settings.slackWebhookUrl ? [slackChannel(settings.slackWebhookUrl)] : []),
    ...(settings.email ? [emailChannel(settings.email)] : []),
  ];
  const names = channels.map((channel) => channel.name);
  const database = openDatabase(databaseUrl, channels.length + 1);
  const registry = new ModelRegistry(database, new PriceBook(database), { preferred: preferredModel });
  const looking = (what: string, look: () => Promise<unknown>) =>
    repeat(async () => {
      await look().catch((err: unknown) =>
        logger.warn({ err }, `looking for ${what} failed and will be tried again`),
      );
      return { pauseMs: lookPauseMs };
    });
  const loops = [
    looking("spikes of spend", async () => {
      // Its clock is known once Postgres has answered.
      await database.ping(pingMs);
      await raiseSpendSpikes(database, database.clock.now());
    }),
    looking("quotas that were lowered", () => raiseLoweredQuotas(database)),
    looking("what providers refuse", () => raiseRefusals(database)),
    looking("models that will end", () => raiseRetirements(database, registry)),
    ...channels.map((channel) => repeat(channelRound({ database, channel, channels: names, logger }))),
  ];
  return {
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
      await database.close();
    },
  };
}
