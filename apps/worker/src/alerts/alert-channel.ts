import type { Alert } from "@understudy/contracts";

/** A way to tell operators of alerts. */
export interface AlertChannel {
  /** Kept with each alert that it has taken: never renamed. */
  name: "log" | "slack" | "email";
  /**
   * Tells of alerts in one message, one or many.
   * @throws where it can't be told whether the other side has taken it, with a message that holds no secret
   */
  send(alerts: readonly Alert[], signal: AbortSignal): Promise<void>;
}

/** For an answer, for a connection, or between two lines of a conversation. */
export const channelTimeoutMs = 10_000;

/** The text of a message of one or many alerts. */
export function alertsText(alerts: readonly Alert[]): string {
  const [only] = alerts;
  if (only && alerts.length === 1) return only.message;
  return [`${alerts.length} alerts:`, ...alerts.map(({ message }) => `- ${message}`)].join("\n");
}
