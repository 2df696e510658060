import {
  type Creator,
  type CreatorUpdate,
  creator,
  creatorId,
  creatorLimits,
  creatorsQuery,
  creatorUpdate,
  modelRoles,
  type PastCreatorTerms,
  pastCreatorTerms,
  quota,
} from "@understudy/contracts";
import { type Database, literally, type Prisma } from "@understudy/database";
import { formatUsd, quotaOf } from "@understudy/ledger";
import { changeRoles, type ModelRegistry } from "@understudy/models";
import type { Dispatcher } from "@understudy/queues";
import { presentCreator } from "../creators/present-creator.ts";
import { visibleTo } from "../http/caller.ts";
import { checkScope } from "../http/check-scope.ts";
import { decodeIdCursor, encodeIdCursor } from "../http/cursor.ts";
import { defineRoute, type Route } from "../http/define-route.ts";
import { listOf } from "../http/list-of.ts";
import { ProblemError, unavailable } from "../http/problem-error.ts";
import { checkCreatorRateLimit, laneTermsOf } from "../lane-view.ts";
import { leftEmpty } from "./model-routes.ts";

const params = { id: creatorId };

/** Creators: their plan, their own bucket and quota, their profile. */
export function creatorRoutes(database: Database, dispatcher: Dispatcher, registry: ModelRegistry): Route[] {
  const put = defineRoute({
    method: "put",
    path: "/api/ai/creators/{id}",
    id: "putCreator",
    tag: "Creators",
    scope: "creators:write",
    orScope: "terms:write",
    summary: "Add or change a creator",
    description:
      "What is left out stays; null goes back to the plan's. Applies at once, to what is queued as well. `plan`, `bucket`, `quotaUsd` and `roles` need the scope `terms:write`, which no key that is bound to creators has; the rest needs `creators:write`.",
    params,
    body: creatorUpdate,
    answers: { 200: { description: "The creator as it is now.", schema: creator } },
    problems: { 400: ["plan_not_found"], 404: ["creator_not_found"], 409: ["role_left_empty"] },
    async handle({ params: { id }, body, caller, reply }) {
      const terms = (["plan", "bucket", "quotaUsd", "roles"] as const).filter(
        (field) => body[field] !== undefined,
      );
      if (terms.length > 0)
        checkScope(
          caller,
          "terms:write",
          terms.map((field) => `#/${field}`),
        );
      if (terms.length < Object.keys(body).length || terms.length === 0) checkScope(caller, "creators:write");
      await refuseUnknownPlan(database, body.plan);
      await refuseEmptyRoles(registry, body.roles);
      const fields = columns(body);
      await database.prisma.creator.upsert({
        where: { id },
        create: { id, ...fields },
        update: { ...fields, updatedAt: database.clock.now() },
      });
      if (body.roles !== undefined) await setRoles(database, registry, id, body.roles);
      await applyTerms(id);
      return reply(200, await readCreator(database, id));
    },
  });

  /** On what waits already. Should Redis be away, the reconciler does it. */
  async function applyTerms(id: string): Promise<void> {
    const row = await database.prisma.creator.findUniqueOrThrow({
      where: { id },
      include: { plan: true, roles: true },
    });
    await dispatcher.changeTerms([{ creatorId: id, terms: laneTermsOf(row) }]).catch(() => {});
  }

  /** What waits in its lane stays there; what was released goes on. */
  async function hold(id: string, isPaused: boolean): Promise<Creator> {
    const { prisma, clock } = database;
    const now = clock.now();
    const pausedAt = isPaused ? now : null;
    const where = { id, pausedAt: isPaused ? null : { not: null } };
    await prisma.creator.updateMany({ where, data: { pausedAt, updatedAt: now } });
    const creator = await readCreator(database, id);
    await applyTerms(id);
    return creator;
  }

  const pause = defineRoute({
    method: "post",
    path: "/api/ai/creators/{id}/pause",
    id: "pauseCreator",
    tag: "Creators",
    scope: "terms:write",
    summary: "Hold a creator's jobs back",
    description: "What waits stays in its lane, and new jobs are accepted; what was released goes on.",
    params,
    answers: { 200: { description: "The creator, with `pausedAt`.", schema: creator } },
    problems: { 404: ["creator_not_found"] },
    handle: async ({ params: { id }, reply }) => reply(200, await hold(id, true)),
  });

  const resume = defineRoute({
    method: "post",
    path: "/api/ai/creators/{id}/resume",
    id: "resumeCreator",
    tag: "Creators",
    scope: "terms:write",
    summary: "Let a creator's jobs run again",
    params,
    answers: { 200: { description: "The creator as it is now.", schema: creator } },
    problems: { 404: ["creator_not_found"] },
    handle: async ({ params: { id }, reply }) => reply(200, await hold(id, false)),
  });

  const readLimits = defineRoute({
    method: "get",
    path: "/api/ai/creators/{id}/limits",
    id: "readCreatorLimits",
    tag: "Creators",
    scope: "jobs:read",
    summary: "Tell how fast a creator may start jobs",
    description: "Takes no token.",
    params,
    answers: { 200: { description: "The creator's bucket as it is now.", schema: creatorLimits } },
    problems: { 404: ["creator_not_found"] },
    async handle({ params: { id }, reply }) {
      const row = await database.prisma.creator.findUnique({
        where: { id },
        include: { plan: true, roles: true },
      });
      if (!row) throw noSuchCreator();
      const limits = await checkCreatorRateLimit(dispatcher.lanes, row).catch(() => {
        throw unavailable("Redis, which holds the buckets, is away. Try again.");
      });
      return reply(200, limits);
    },
  });

  return [put, pause, resume, readLimits, ...creatorReads(database)];
}

function creatorReads(database: Database): Route[] {
  const read = defineRoute({
    method: "get",
    path: "/api/ai/creators/{id}",
    id: "readCreator",
    tag: "Creators",
    scope: "creators:write",
    summary: "Read a creator",
    params,
    answers: { 200: { description: "The creator.", schema: creator } },
    problems: { 404: ["creator_not_found"] },
    handle: async ({ params: { id }, reply }) => reply(200, await readCreator(database, id)),
  });

  const list = defineRoute({
    method: "get",
    path: "/api/ai/creators",
    id: "listCreators",
    tag: "Creators",
    scope: "creators:write",
    summary: "List creators",
    description: "In order of their ids; `q` is a part of the id.",
    query: creatorsQuery,
    answers: { 200: { description: "A page of creators.", schema: listOf(creator) } },
    async handle({ query: { q, cursor, limit }, caller, reply }) {
      const visible = visibleTo(caller);
      const id = {
        ...(q && { contains: literally(q) }),
        ...(cursor && { gt: decodeIdCursor(cursor) }),
        ...(visible && { in: visible }),
      };
      const rows = await database.prisma.creator.findMany({
        where: { id },
        include: { plan: true, roles: true },
        orderBy: { id: "asc" },
        take: limit + 1,
      });
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      const nextCursor = last ? { nextCursor: encodeIdCursor(last.id) } : {};
      return reply(200, { items: page.map(presentCreator), ...nextCursor });
    },
  });

  const readQuota = defineRoute({
    method: "get",
    path: "/api/ai/creators/{id}/quota",
    id: "readCreatorQuota",
    tag: "Creators",
    scope: "jobs:read",
    summary: "Tell what a creator may still spend this month",
    params,
    answers: { 200: { description: "The current UTC month.", schema: quota } },
    problems: { 404: ["creator_not_found"] },
    async handle({ params: { id }, reply }) {
      const quota = await quotaOf(database, id);
      if (!quota) throw noSuchCreator();
      return reply(200, quota);
    },
  });

  const readHistory = defineRoute({
    method: "get",
    path: "/api/ai/creators/{id}/history",
    id: "readCreatorHistory",
    tag: "Creators",
    scope: "creators:write",
    summary: "List the terms that a creator had before",
    description: "Plan, bucket and quota; the terms in force are the creator's own page.",
    params,
    answers: { 200: { description: "Earlier terms, the latest first.", schema: listOf(pastCreatorTerms) } },
    problems: { 404: ["creator_not_found"] },
    async handle({ params, reply }) {
      const { id } = await readCreator(database, params.id);
      const rows = await database.prisma.creatorHistory.findMany({
        where: { creatorId: id },
        orderBy: { id: "desc" },
      });
      return reply(200, { items: rows.map(presentPastTerms) });
    },
  });

  return [read, list, readQuota, readHistory];
}

async function refuseUnknownPlan(database: Database, name: string | undefined): Promise<void> {
  if (name === undefined || (await database.prisma.plan.findUnique({ where: { name } }))) return;
  const plans = (await database.prisma.plan.findMany({ orderBy: { name: "asc" } })).map((plan) => plan.name);
  throw new ProblemError(400, "plan_not_found", `No plan has that name. Known: ${plans.join(", ")}.`, {
    errors: [{ pointer: "#/plan", detail: "must be the name of a plan" }],
    members: { plans },
  });
}

/** Before anything is changed: a creator is changed as a whole or not at all. */
async function refuseEmptyRoles(registry: ModelRegistry, roles: CreatorUpdate["roles"]): Promise<void> {
  for (const role of modelRoles) {
    const models = roles?.[role];
    if (models && (await registry.isEmpty(role, models))) throw leftEmpty([role]);
  }
}

/** Null takes all of the creator's own away. */
async function setRoles(
  database: Database,
  registry: ModelRegistry,
  creatorId: string,
  roles: CreatorUpdate["roles"],
): Promise<void> {
  const all = modelRoles.map((role) => [role, roles?.[role] ?? null] as const);
  await changeRoles(database, registry, { creatorId }, Object.fromEntries(all));
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
  const row = await database.prisma.creator.findUnique({
    where: { id },
    include: { plan: true, roles: true },
  });
  if (!row) throw noSuchCreator();
  return presentCreator(row);
}

export function noSuchCreator(): ProblemError {
  return new ProblemError(404, "creator_not_found", "No creator has that id.");
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
