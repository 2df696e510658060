import { type PastPlan, type Plan, planName, planUpdate, spendingUpdate } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { formatUsd } from "@understudy/ledger";
import { Router } from "express";
import { parseBody, parsePath } from "../http/parse.ts";
import { ProblemError } from "../http/problem-error.ts";

/** Plans, with the terms that they had, and the switch that stops all spending. */
export function planRoutes(database: Database): Router {
  const router = Router();
  const { plan, planHistory, spendingSwitch } = database.prisma;

  router.get("/admin/plans", async (_request, response) => {
    const rows = await plan.findMany({ orderBy: { name: "asc" } });
    response.json({ items: rows.map((row) => ({ name: row.name, ...presentTerms(row) }) satisfies Plan) });
  });

  // Quota, bucket and weight apply at once, to what is queued as well; price and usage to whole months.
  router.put("/admin/plans/:name", async (request, response) => {
    const name = parsePath(planName, request.params.name, "name");
    const { bucket, ...terms } = parseBody(planUpdate, request);
    const fields = { ...terms, ...bucket };
    const row = await plan.upsert({ where: { name }, create: { name, ...fields }, update: fields });
    response.json({ name, ...presentTerms(row) } satisfies Plan);
  });

  router.get("/admin/plans/:name/history", async (request, response) => {
    const name = parsePath(planName, request.params.name, "name");
    if (!(await plan.findUnique({ where: { name } }))) {
      throw new ProblemError(404, "plan_not_found", "No plan has that name.");
    }
    const rows = await planHistory.findMany({ where: { planName: name }, orderBy: { id: "desc" } });
    response.json({
      items: rows.map(
        (row) => ({ name, ...presentTerms(row), validTo: row.validTo.toISOString() }) satisfies PastPlan,
      ),
    });
  });

  router.get("/admin/spending", async (_request, response) => {
    const row = await spendingSwitch.findUniqueOrThrow({ where: { id: 1 } });
    response.json({ stopped: row.stopped, changedAt: row.changedAt.toISOString() });
  });

  router.post("/admin/spending", async (request, response) => {
    const { stopped } = parseBody(spendingUpdate, request);
    await spendingSwitch.updateMany({
      where: { stopped: !stopped },
      data: { stopped, changedAt: new Date() },
    });
    const row = await spendingSwitch.findUniqueOrThrow({ where: { id: 1 } });
    response.json({ stopped: row.stopped, changedAt: row.changedAt.toISOString() });
  });

  return router;
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
