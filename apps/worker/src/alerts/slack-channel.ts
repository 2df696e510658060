import { request } from "undici";
import { type AlertChannel, alertsText, channelTimeoutMs } from "./alert-channel.ts";

/** Alerts to a Slack incoming webhook, or whatever takes the same `{text}`. The URL is the secret. */
export function slackChannel(webhookUrl: string): AlertChannel {
  return {
    name: "slack",
    async send(alerts, signal) {
      const { statusCode, body } = await request(webhookUrl, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text: escapeMarkup(alertsText(alerts)) }),
        signal,
        headersTimeout: channelTimeoutMs,
        bodyTimeout: channelTimeoutMs,
      });
      await body.dump();
      if (statusCode < 200 || statusCode > 299) throw new Error(`Slack answered with ${statusCode}.`);
    },
  };
}

/** The three characters that Slack reads as markup (api.slack.com, "Formatting text for app surfaces"). */
function escapeMarkup(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
