import { alertsQuery } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { alerts } from "@understudy/ledger";
import { Router } from "express";
import { decodeCursor, encodeCursor } from "../http/cursor.ts";
import { parseQuery } from "../http/parse.ts";

/** What operators must know. */
export function alertRoutes(database: Database): Router {
  const router = Router();

  router.get("/admin/alerts", async (request, response) => {
    const { cursor, ...query } = parseQuery(alertsQuery, request);
    const place = cursor === undefined ? undefined : decodeCursor(cursor);
    const after = place && { createdAt: place.startedAt, id: place.id };
    const { items, next } = await alerts(database, query, after);
    const nextCursor = next && encodeCursor({ startedAt: next.createdAt, id: next.id });
    response.json({ items, ...(nextCursor !== undefined && { nextCursor }) });
  });

  return router;
}
