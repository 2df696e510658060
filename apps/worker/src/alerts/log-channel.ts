import type { Logger } from "@understudy/service";
import type { AlertChannel } from "./alert-channel.ts";

/** Alerts as warnings in the worker's log: ids and figures. */
export function logChannel(logger: Logger): AlertChannel {
  return {
    name: "log",
    async send(alerts) {
      for (const { id, type, creatorId, data, message } of alerts) {
        logger.warn({ alertId: id, alert: type, creatorId, data }, message);
      }
    },
  };
}
