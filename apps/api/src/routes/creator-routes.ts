import {
  type Creator,
  type CreatorProfile,
  type CreatorUpdate,
  creatorId,
  creatorUpdate,
} from "@understudy/contracts";
import type { Database, Prisma } from "@understudy/database";
import { formatUsd } from "@understudy/ledger";
import { Router } from "express";
import { parseBody } from "../http/parse.ts";
import { ProblemError } from "../http/problem-error.ts";

/** Creators: their plan, their own bucket and quota, their profile. */
export function creatorRoutes(database: Database): Router {
  const router = Router();

  router.put("/creators/:id", async (request, response) => {
    const id = parseCreatorId(request.params.id);
    const update = parseBody(creatorUpdate, request);
    await refuseUnknownPlan(database, update.plan);
    const fields = columns(update);
    await database.prisma.creator.upsert({ where: { id }, create: { id, ...fields }, update: fields });
    response.json(await readCreator(database, id));
  });

  router.get("/creators/:id", async (request, response) => {
    response.json(await readCreator(database, parseCreatorId(request.params.id)));
  });

  return router;
}

function parseCreatorId(text: string): string {
  const parsed = creatorId.safeParse(text);
  if (!parsed.success) {
    throw new ProblemError(400, "invalid_request", "The creator's id in the path is not valid.", {
      errors: [{ pointer: "id", detail: parsed.error.issues[0]?.message ?? "is not valid" }],
    });
  }
  return parsed.data;
}

async function refuseUnknownPlan(database: Database, name: string | undefined): Promise<void> {
  if (name === undefined || (await database.prisma.plan.findUnique({ where: { name } }))) return;
  const plans = (await database.prisma.plan.findMany({ orderBy: { name: "asc" } })).map((plan) => plan.name);
  throw new ProblemError(400, "plan_not_found", `No plan has that name. Known: ${plans.join(", ")}.`, {
    errors: [{ pointer: "#/plan", detail: "must be the name of a plan" }],
    members: { plans },
  });
}

/** What is left out stays; null goes back to the plan's. */
function columns({ plan, bucket, quotaUsd, profile }: CreatorUpdate) {
  return {
    ...(plan !== undefined && { planName: plan }),
    ...(bucket !== undefined && { ratePerHour: bucket?.ratePerHour ?? null, burst: bucket?.burst ?? null }),
    ...(quotaUsd !== undefined && { quotaUsd }),
    ...(profile !== undefined && { profile: profile as Prisma.InputJsonObject }),
  };
}

async function readCreator(database: Database, id: string): Promise<Creator> {
  const row = await database.prisma.creator.findUnique({ where: { id }, include: { plan: true } });
  if (!row) throw new ProblemError(404, "creator_not_found", "No creator has that id.");
  const { plan } = row;
  const quotaUsd = row.quotaUsd ?? plan.quotaUsd;
  const ownBucket = row.ratePerHour !== null && row.burst !== null;
  return {
    id: row.id,
    plan: plan.name,
    bucket: {
      ratePerHour: Number(row.ratePerHour ?? plan.ratePerHour),
      burst: row.burst ?? plan.burst,
    },
    quotaUsd: quotaUsd === null ? null : formatUsd(quotaUsd),
    overrides: [
      ...(ownBucket ? (["bucket"] as const) : []),
      ...(row.quotaUsd ? (["quotaUsd"] as const) : []),
    ],
    ...(row.profile !== null && { profile: row.profile as CreatorProfile }),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
