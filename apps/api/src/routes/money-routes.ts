import { costsQuery } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { costs } from "@understudy/ledger";
import { Router } from "express";
import { sendCsv } from "../http/csv.ts";
import { parseQuery } from "../http/parse.ts";

/** What calls cost, summed. */
export function moneyRoutes(database: Database): Router {
  const router = Router();

  router.get("/admin/costs", async (request, response) => {
    const { rows, total, forecast } = await costs(database, parseQuery(costsQuery, request), new Date());
    if (request.accepts(["application/json", "text/csv"]) === "text/csv") {
      sendCsv(response, [...rows, { key: "total", ...total }], Object.keys({ key: "", ...total }));
    } else {
      response.json({ rows, total, ...(forecast && { forecast }) });
    }
  });

  return router;
}
