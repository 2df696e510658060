import { type Plan, pastPlan, planName, plan as planSchema, planUpdate } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { formatUsd } from "@understudy/ledger";
import { defineRoute, type Route } from "../http/define-route.ts";
import { listOf } from "../http/list-of.ts";
import { ProblemError } from "../http/problem-error.ts";

/** Plans, with the terms that they had. */
export function planRoutes(database: Database): Route[] {
  const { plan, planHistory } = database.prisma;

  const list = defineRoute({
    method: "get",
    path: "/api/ai/admin/plans",
    id: "listPlans",
    tag: "Plans",
    scope: "admin",
    summary: "List plans",
    answers: { 200: { description: "All plans, by name.", schema: listOf(planSchema) } },
    async handle({ reply }) {
      const rows = await plan.findMany({ orderBy: { name: "asc" } });
      return reply(200, { items: rows.map((row) => ({ name: row.name, ...presentTerms(row) })) });
    },
  });

  const put = defineRoute({
    method: "put",
    path: "/api/ai/admin/plans/{name}",
    id: "putPlan",
    tag: "Plans",
    scope: "admin",
    summary: "Add or change a plan",
    description:
      "Quota, bucket and weight apply at once, to what is queued as well; price and usage to whole months, by the terms in force at their end.",
    params: { name: planName },
    body: planUpdate,
    answers: { 200: { description: "The plan as it is now.", schema: planSchema } },
    async handle({ params: { name }, body: { bucket, ...terms }, reply }) {
      const fields = { ...terms, ...bucket };
      const row = await plan.upsert({
        where: { name },
        create: { name, ...fields },
        update: { ...fields, updatedAt: database.clock.now() },
      });
      return reply(200, { name, ...presentTerms(row) });
    },
  });

  const readHistory = defineRoute({
    method: "get",
    path: "/api/ai/admin/plans/{name}/history",
    id: "readPlanHistory",
    tag: "Plans",
    scope: "admin",
    summary: "List the terms that a plan had before",
    params: { name: planName },
    answers: { 200: { description: "Earlier terms, the latest first.", schema: listOf(pastPlan) } },
    problems: { 404: ["plan_not_found"] },
    async handle({ params: { name }, reply }) {
      if (!(await plan.findUnique({ where: { name } }))) {
        throw new ProblemError(404, "plan_not_found", "No plan has that name.");
      }
      const rows = await planHistory.findMany({ where: { planName: name }, orderBy: { id: "desc" } });
      const items = rows.map((row) => ({ name, ...presentTerms(row), validTo: row.validTo.toISOString() }));
      return reply(200, { items });
    },
  });

  return [list, put, readHistory];
}

type PlanRow = Awaited<ReturnType<Database["prisma"]["plan"]["findMany"]>>[number];

function presentTerms(row: Omit<PlanRow, "name" | "createdAt" | "updatedAt">): Omit<Plan, "name"> {
  return {
    priceUsd: formatUsd(row.priceUsd),
    quotaUsd: row.quotaUsd === null ? null : formatUsd(row.quotaUsd),
    bucket: { ratePerHour: Number(row.ratePerHour), burst: row.burst },
    weight: row.weight,
    usage: row.usage,
    validFrom: row.validFrom.toISOString(),
  };
}
