import { costs as costsAnswer, costsQuery } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { costs } from "@understudy/ledger";
import { visibleTo } from "../http/caller.ts";
import { sendCsv } from "../http/csv.ts";
import { defineRoute, type Route, sent } from "../http/define-route.ts";

/** What calls cost, summed. */
export function moneyRoutes(database: Database): Route[] {
  const read = defineRoute({
    method: "get",
    path: "/api/ai/admin/costs",
    id: "readCosts",
    tag: "Costs",
    scope: "costs:read",
    summary: "Sum up what calls cost",
    description:
      "By day, creator, agent, model or feature; the current UTC month by default. The total is the sum of the rows to the last digit. As CSV with `Accept: text/csv`.",
    query: costsQuery,
    answers: {
      200: {
        description: "A row for each day, creator, agent, model or feature, and their total.",
        schema: costsAnswer,
        text: {
          "text/csv":
            "key,calls,inputTokens,cachedTokens,outputTokens,thoughtTokens,costUsd,unknownUsd\n2026-11-22,4,1800,0,420,96,0.00183,0\ntotal,4,1800,0,420,96,0.00183,0\n",
        },
      },
    },
    async handle({ query, caller, request, response, reply }) {
      const { rows, total, forecast } = await costs(
        database,
        { ...query, creatorIds: visibleTo(caller) },
        new Date(),
      );
      if (request.accepts(["application/json", "text/csv"]) === "text/csv") {
        sendCsv(response, [...rows, { key: "total", ...total }], Object.keys({ key: "", ...total }));
        return sent;
      }
      return reply(200, { rows, total, ...(forecast && { forecast }) });
    },
  });

  return [read];
}
