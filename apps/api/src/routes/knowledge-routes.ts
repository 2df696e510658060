import {
  creatorId,
  erasedFan,
  fanId,
  type Insight,
  insight,
  insightsQuery,
  type JobFeedback,
  jobFeedback,
  jobId,
  notedFeedback,
} from "@understudy/contracts";
import type { Database, Prisma } from "@understudy/database";
import {
  type CancelledJob,
  confidenceAt,
  eraseFan,
  type FanJob,
  recordFeedback,
} from "@understudy/knowledge";
import { announceJobCancelled, type Dispatcher, eraseJobStreams, fenceJobStream } from "@understudy/queues";
import type { Redis } from "ioredis";
import { z } from "zod";
import { decodeCursor, encodeCursor } from "../http/cursor.ts";
import { defineRoute, type Route } from "../http/define-route.ts";
import { listOf } from "../http/list-of.ts";
import { ProblemError, unavailable } from "../http/problem-error.ts";
import { noSuchJob } from "../jobs.ts";
import * as examples from "../openapi/examples.ts";

const insightId = z.string().regex(/^ins_\w{1,60}$/);

/** What agents learn: from what the app does with results, and until a fan or an insight is erased. */
export function knowledgeRoutes(database: Database, redis: Redis, dispatcher: Dispatcher): Route[] {
  return [feedbackRoute(database), ...insightRoutes(database), erasureRoute(database, redis, dispatcher)];
}

function feedbackRoute(database: Database): Route {
  return defineRoute({
    method: "post",
    path: "/api/ai/jobs/{id}/feedback",
    id: "giveFeedback",
    tag: "Knowledge",
    scope: "jobs:write",
    summary: "Say what became of a job's result",
    description: "Agents learn from it. A later one replaces it.",
    params: { id: jobId },
    absent: { id: noSuchJob },
    body: jobFeedback,
    answers: { 200: { description: "What was noted.", schema: notedFeedback } },
    problems: { 404: ["job_not_found"], 409: ["job_erased", "job_not_completed"] },
    async handle({ params: { id }, body, reply }) {
      await tell(id, body);
      return reply(200, { jobId: id, ...body });
    },
  });

  async function tell(id: string, feedback: JobFeedback): Promise<void> {
    const record = await recordFeedback(database, id, feedback);
    switch (record.kind) {
      case "recorded":
        return;
      case "no_such_job":
        throw noSuchJob();
      case "erased":
        throw new ProblemError(409, "job_erased", "The job's fan was erased: nothing of it is left.");
      case "not_completed":
        throw new ProblemError(409, "job_not_completed", `The job is ${record.status}: it has no result.`, {
          members: { jobStatus: record.status },
        });
    }
  }
}

function insightRoutes(database: Database): Route[] {
  const { prisma } = database;

  const list = defineRoute({
    method: "get",
    path: "/api/ai/creators/{id}/insights",
    id: "listInsights",
    tag: "Knowledge",
    scope: "creators:write",
    summary: "List what agents have learned",
    description: "For one creator, or for everyone; the latest first. What has expired is left out.",
    params: { id: creatorId },
    query: insightsQuery,
    answers: { 200: { description: "A page of insights.", schema: listOf(insight) } },
    problems: { 404: ["creator_not_found"] },
    async handle({ params: { id }, query: { scope, type, fanId, cursor, limit }, reply }) {
      await requireCreator(database, id);
      const now = database.clock.now();
      const rows = await prisma.insight.findMany({
        where: {
          creatorId: scope === "creator" ? id : null,
          ...(type !== undefined && { type }),
          ...(fanId !== undefined && { fanId }),
          AND: [
            { OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
            ...(cursor ? [before(cursor)] : []),
          ],
        },
        orderBy: [{ createdAt: "desc" }, { id: "desc" }],
        take: limit + 1,
      });
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      const outcomes = await outcomesOf(page.map((row) => row.id));
      const items = page.map((row) => present(row, now, outcomes.get(row.id)));
      const nextCursor = last ? { nextCursor: encodeCursor({ startedAt: last.createdAt, id: last.id }) } : {};
      return reply(200, { items, ...nextCursor });
    },
  });

  /** How often results did well in which an insight was used, and how often not. */
  async function outcomesOf(ids: string[]): Promise<Map<string, Insight["outcomes"]>> {
    const groups = await prisma.insightOutcome.groupBy({
      by: ["insightId", "outcome"],
      where: { insightId: { in: ids } },
      _count: true,
    });
    const outcomes = new Map(ids.map((id) => [id, { good: 0, bad: 0 }]));
    for (const { insightId, outcome, _count } of groups) {
      const counts = outcomes.get(insightId);
      if (counts) counts[outcome === "sent" || outcome === "converted" ? "good" : "bad"] += _count;
    }
    return outcomes;
  }

  const remove = defineRoute({
    method: "delete",
    path: "/api/ai/creators/{id}/insights/{insightId}",
    id: "deleteInsight",
    tag: "Knowledge",
    scope: "creators:write",
    summary: "Delete an insight",
    params: { id: creatorId, insightId },
    absent: { insightId: noSuchInsight },
    example: { params: { insightId: examples.insight.id } },
    answers: { 204: { description: "It is gone." } },
    problems: { 404: ["insight_not_found", "creator_not_found"] },
    async handle({ params, reply }) {
      const where = { id: params.insightId, creatorId: params.id };
      const { count } = await prisma.insight.deleteMany({ where });
      if (count === 0) throw noSuchInsight();
      return reply(204);
    },
  });

  return [list, remove];
}

function erasureRoute(database: Database, redis: Redis, dispatcher: Dispatcher): Route {
  return defineRoute({
    method: "delete",
    path: "/api/ai/creators/{id}/fans/{fanId}",
    id: "eraseFan",
    tag: "Knowledge",
    scope: "creators:write",
    summary: "Erase all of a fan",
    description:
      "What they wrote, what was answered and what was learned of them. Jobs and calls stay for what they cost. Can be repeated.",
    params: { id: creatorId, fanId },
    answers: { 200: { description: "How much was erased.", schema: erasedFan } },
    problems: { 404: ["creator_not_found"] },
    async handle({ params, reply }) {
      await requireCreator(database, params.id);
      const fan = { creatorId: params.id, fanId: params.fanId };
      return reply(200, await eraseFan(database, fan, { cancelled, streams }));
    },
  });

  /** Best effort: a cancelled job can't be run, and leaves its lane when its turn comes. */
  async function cancelled(jobs: readonly CancelledJob[]): Promise<void> {
    if (jobs.length === 0) return;
    const ids = jobs.map(({ id }) => id);
    await Promise.allSettled([
      ...jobs.map((job) => dispatcher.remove(job)),
      announceJobCancelled(redis, ...ids),
    ]);
  }

  async function streams(jobs: readonly FanJob[]): Promise<number> {
    try {
      const erased = await eraseJobStreams(
        redis,
        jobs.map(({ id }) => id),
      );
      const running = jobs.filter(({ wasRunning }) => wasRunning);
      await Promise.all(running.map(({ id, attempt }) => fenceJobStream(redis, id, attempt)));
      return erased;
    } catch {
      throw unavailable("Redis, which keeps what agents wrote last, is away: not all is erased. Try again.");
    }
  }
}

async function requireCreator({ prisma }: Database, id: string): Promise<void> {
  if (await prisma.creator.findUnique({ where: { id }, select: { id: true } })) return;
  throw new ProblemError(404, "creator_not_found", "No creator has that id.");
}

function noSuchInsight(): ProblemError {
  return new ProblemError(404, "insight_not_found", "The creator has no insight of that id.");
}

/** Of a list that begins with the latest: what comes after the cursor. */
function before(cursor: string): Prisma.InsightWhereInput {
  const { startedAt: createdAt, id } = decodeCursor(cursor);
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] };
}

function present(
  row: Prisma.InsightGetPayload<object>,
  now: Date,
  outcomes: Insight["outcomes"] = { good: 0, bad: 0 },
): Insight {
  return {
    id: row.id,
    scope: row.creatorId === null ? "everyone" : "creator",
    ...(row.fanId !== null && { fanId: row.fanId }),
    source: row.source,
    type: row.type,
    confidence: confidenceAt(row, now),
    text: row.text,
    data: row.data as Insight["data"],
    outcomes,
    ...(row.expiresAt && { expiresAt: row.expiresAt.toISOString() }),
    createdAt: row.createdAt.toISOString(),
  };
}
