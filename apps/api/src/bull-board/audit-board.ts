import type { RequestHandler } from "express";
import type { AuditLog } from "../audit/audit-log.ts";
import { callerOf } from "../http/caller.ts";

/** Keeps record of what operators change in Bull Board, as far as `BULL_BOARD_WRITE` lets them. */
export function auditBoard(audit: AuditLog): RequestHandler {
  return async (request, response, next) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      const end = await audit.begin({
        caller: callerOf(response),
        operation: "changeInBullBoard",
        // Queues' names and jobs' ids.
        target: `${request.method} ${request.path}`.slice(0, 200),
        requestId: String(response.locals.requestId),
        changes: {},
      });
      response.once(
        "close",
        () => void end(response.statusCode < 400 ? "ok" : `http_${response.statusCode}`),
      );
    }
    next();
  };
}
