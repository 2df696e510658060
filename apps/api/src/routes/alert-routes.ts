import { alert, alertsQuery } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { alerts } from "@understudy/ledger";
import { visibleTo } from "../http/caller.ts";
import { decodeCursor, encodeCursor } from "../http/cursor.ts";
import { defineRoute, type Route } from "../http/define-route.ts";
import { listOf } from "../http/list-of.ts";

/** What operators must know. */
export function alertRoutes(database: Database): Route[] {
  const list = defineRoute({
    method: "get",
    path: "/api/ai/admin/alerts",
    id: "listAlerts",
    tag: "Alerts",
    scope: "costs:read",
    summary: "List alerts",
    description: "The newest first.",
    query: alertsQuery,
    answers: { 200: { description: "A page of alerts.", schema: listOf(alert) } },
    async handle({ query: { cursor, ...query }, caller, reply }) {
      const place = cursor === undefined ? undefined : decodeCursor(cursor);
      const after = place && { createdAt: place.startedAt, id: place.id };
      const { items, next } = await alerts(database, { ...query, creatorIds: visibleTo(caller) }, after);
      const nextCursor = next && encodeCursor({ startedAt: next.createdAt, id: next.id });
      return reply(200, { items, ...(nextCursor !== undefined && { nextCursor }) });
    },
  });

  return [list];
}
