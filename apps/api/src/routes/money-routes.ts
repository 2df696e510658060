import { callsQuery, costsQuery } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { calls, costs } from "@understudy/ledger";
import { Router } from "express";
import { sendCsv } from "../http/csv.ts";
import { decodeCursor, encodeCursor } from "../http/cursor.ts";
import { parseQuery } from "../http/parse.ts";

/** What calls cost: one by one, and summed. */
export function moneyRoutes(database: Database): Router {
  const router = Router();

  router.get("/admin/costs", async (request, response) => {
    const { rows, total } = await costs(database, parseQuery(costsQuery, request), new Date());
    if (request.accepts(["application/json", "text/csv"]) === "text/csv") {
      sendCsv(response, [...rows, { key: "total", ...total }], Object.keys({ key: "", ...total }));
    } else {
      response.json({ rows, total });
    }
  });

  router.get("/admin/calls", async (request, response) => {
    const { cursor, ...query } = parseQuery(callsQuery, request);
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const { items, next } = await calls(database, query, after);
    response.json({ items, ...(next && { nextCursor: encodeCursor(next) }) });
  });

  return router;
}
