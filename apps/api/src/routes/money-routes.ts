import {
  costEfficiency as costEfficiencyAnswer,
  costEfficiencyQuery,
  costSeries as costSeriesAnswer,
  costSeriesQuery,
  costs as costsAnswer,
  costsQuery,
} from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { costEfficiency, costSeries, costs } from "@understudy/ledger";
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
        database.clock.now(),
      );
      if (request.accepts(["application/json", "text/csv"]) === "text/csv") {
        sendCsv(response, [...rows, { key: "total", ...total }], Object.keys({ key: "", ...total }));
        return sent;
      }
      return reply(200, { rows, total, ...(forecast && { forecast }) });
    },
  });

  const series = defineRoute({
    method: "get",
    path: "/api/ai/admin/costs/series",
    id: "readCostSeries",
    tag: "Costs",
    scope: "admin",
    summary: "Read what each day cost, and of what it was made",
    description:
      "By UTC day, each made of the seven dearest agents, models, creators or features of the period, and the rest. The total is that of the costs, to the last digit.",
    query: costSeriesQuery,
    answers: { 200: { description: "One amount for each day and key.", schema: costSeriesAnswer } },
    async handle({ query, reply }) {
      return reply(200, await costSeries(database, query, database.clock.now()));
    },
  });

  const efficiency = defineRoute({
    method: "get",
    path: "/api/ai/admin/costs/efficiency",
    id: "readCostEfficiency",
    tag: "Costs",
    scope: "admin",
    summary: "See what was spent in vain, and what caching saved",
    description:
      "Of the costs of a period: what jobs that failed or were blocked cost, and answers that were not used; what cached input would have cost more; what thoughts cost.",
    query: costEfficiencyQuery,
    answers: { 200: { description: "Sums of the period.", schema: costEfficiencyAnswer } },
    async handle({ query, reply }) {
      return reply(200, await costEfficiency(database, query, database.clock.now()));
    },
  });

  return [read, series, efficiency];
}
