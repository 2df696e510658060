import {
  type Creator,
  type CreatorProfile,
  type CreatorUpdate,
  creatorId,
  creatorsQuery,
  creatorUpdate,
  type PastCreatorTerms,
} from "@understudy/contracts";
import type { Database, Prisma } from "@understudy/database";
import { formatUsd, quotaOf } from "@understudy/ledger";
import type { Dispatcher } from "@understudy/queues";
import { Router } from "express";
import { decodeIdCursor, encodeIdCursor } from "../http/cursor.ts";
import { parseBody, parsePath, parseQuery } from "../http/parse.ts";
import { ProblemError, unavailable } from "../http/problem-error.ts";
import { checkCreatorRateLimit, laneTermsOf } from "../lane-view.ts";

/** Creators: their plan, their own bucket and quota, their profile. */
export function creatorRoutes(database: Database, dispatcher: Dispatcher): Router {
  const router = Router();

  router.put("/creators/:id", async (request, response) => {
    const id = parsePath(creatorId, request.params.id, "id");
    const update = parseBody(creatorUpdate, request);
    await refuseUnknownPlan(database, update.plan);
    const fields = columns(update);
    await database.prisma.creator.upsert({
      where: { id },
      create: { id, ...fields },
      update: { ...fields, updatedAt: new Date() },
    });
    await applyTerms(id);
    response.json(await readCreator(database, id));
  });

  /** On what waits already. Should Redis be away, a worker's sweep does it. */
  async function applyTerms(id: string): Promise<void> {
    const row = await database.prisma.creator.findUniqueOrThrow({ where: { id }, include: { plan: true } });
    await dispatcher.changeTerms([{ creatorId: id, terms: laneTermsOf(row) }]).catch(() => {});
  }

  /** What waits in its lane stays there; what was released goes on. */
  async function hold(id: string, isPaused: boolean): Promise<Creator> {
    const { prisma } = database;
    const pausedAt = isPaused ? new Date() : null;
    const where = { id, pausedAt: isPaused ? null : { not: null } };
    await prisma.creator.updateMany({ where, data: { pausedAt, updatedAt: new Date() } });
    const creator = await readCreator(database, id);
    await applyTerms(id);
    return creator;
  }

  router.post("/creators/:id/pause", async (request, response) => {
    response.json(await hold(parsePath(creatorId, request.params.id, "id"), true));
  });

  router.post("/creators/:id/resume", async (request, response) => {
    response.json(await hold(parsePath(creatorId, request.params.id, "id"), false));
  });

  router.get("/creators/:id/limits", async (request, response) => {
    const id = parsePath(creatorId, request.params.id, "id");
    const row = await database.prisma.creator.findUnique({ where: { id }, include: { plan: true } });
    if (!row) throw noSuchCreator();
    const limits = await checkCreatorRateLimit(dispatcher.lanes, row).catch(() => {
      throw unavailable("Redis, which holds the buckets, is away. Try again.");
    });
    response.json(limits);
  });

  router.get("/creators/:id", async (request, response) => {
    response.json(await readCreator(database, parsePath(creatorId, request.params.id, "id")));
  });

  router.get("/creators", async (request, response) => {
    const { q, cursor, limit } = parseQuery(creatorsQuery, request);
    const rows = await database.prisma.creator.findMany({
      where: { id: { ...(q && { contains: q }), ...(cursor && { gt: decodeIdCursor(cursor) }) } },
      include: { plan: true },
      orderBy: { id: "asc" },
      take: limit + 1,
    });
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    response.json({ items: page.map(present), ...(last && { nextCursor: encodeIdCursor(last.id) }) });
  });

  router.get("/creators/:id/quota", async (request, response) => {
    const quota = await quotaOf(database, parsePath(creatorId, request.params.id, "id"));
    if (!quota) throw noSuchCreator();
    response.json(quota);
  });

  // The terms in force are the creator's own page; here is what they were before, the latest first.
  router.get("/creators/:id/history", async (request, response) => {
    const { id } = await readCreator(database, parsePath(creatorId, request.params.id, "id"));
    const rows = await database.prisma.creatorHistory.findMany({
      where: { creatorId: id },
      orderBy: { id: "desc" },
    });
    response.json({ items: rows.map(presentPastTerms) });
  });

  return router;
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
  if (!row) throw noSuchCreator();
  return present(row);
}

function noSuchCreator(): ProblemError {
  return new ProblemError(404, "creator_not_found", "No creator has that id.");
}

type Row = Prisma.CreatorGetPayload<{ include: { plan: true } }>;

function present(row: Row): Creator {
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
    ...(row.pausedAt && { pausedAt: row.pausedAt.toISOString() }),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

function presentPastTerms(row: Prisma.CreatorHistoryGetPayload<object>): PastCreatorTerms {
  return {
    plan: row.planName,
    bucket:
      row.ratePerHour !== null && row.burst !== null
        ? { ratePerHour: Number(row.ratePerHour), burst: row.burst }
        : null,
    quotaUsd: row.quotaUsd === null ? null : formatUsd(row.quotaUsd),
    validFrom: row.validFrom.toISOString(),
    validTo: row.validTo.toISOString(),
  };
}
