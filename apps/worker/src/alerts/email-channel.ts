import { createTransport } from "nodemailer";
import { type AlertChannel, alertsText, channelTimeoutMs } from "./alert-channel.ts";

export interface EmailSettings {
  /** `smtp://` (STARTTLS where the server has it) or `smtps://`, with user and password where it asks for them. */
  smtpUrl: string;
  to: readonly string[];
  /** The first recipient unless given: an address that the server most likely lets us use. */
  from?: string | undefined;
}

/** Alerts by e-mail. */
export function emailChannel({ smtpUrl, to, from }: EmailSettings): AlertChannel {
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: channelTimeoutMs,
    dnsTimeout: channelTimeoutMs,
    greetingTimeout: channelTimeoutMs,
    socketTimeout: channelTimeoutMs,
  });
  return {
    name: "email",
    async send(alerts) {
      const [first] = alerts;
      await transport.sendMail({
        from: from ?? to[0],
        to: [...to],
        subject: `Understudy: ${alerts.length === 1 ? first?.message : `${alerts.length} alerts`}`,
        text: alertsText(alerts),
        // Of Postgres' clock: nodemailer's would be this machine's, and mail of another time may be refused.
        date: first && new Date(first.createdAt),
        // The same in every try of a message, so that readers drop a second copy.
        messageId: `<${first?.id}.${alerts.length}@understudy>`,
      });
    },
  };
}
