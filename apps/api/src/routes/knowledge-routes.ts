import {
  creatorId,
  fanId,
  type Insight,
  insightsQuery,
  type JobFeedback,
  jobFeedback,
  jobId,
} from "@understudy/contracts";
import {
  type CancelledJob,
  confidenceAt,
  type Database,
  eraseFan,
  type FanJob,
  type Prisma,
  recordFeedback,
} from "@understudy/database";
import { announceJobEnd, type Dispatcher, eraseJobStreams, fenceJobStream } from "@understudy/queues";
import { Router } from "express";
import type { Redis } from "ioredis";
import { decodeCursor, encodeCursor } from "../http/cursor.ts";
import { parseBody, parsePath, parseQuery } from "../http/parse.ts";
import { ProblemError, unavailable } from "../http/problem-error.ts";

/** What agents learn: from what the app does with results, and until a fan or an insight is erased. */
export function knowledgeRoutes(database: Database, redis: Redis, dispatcher: Dispatcher): Router {
  const router = Router();
  const { prisma } = database;

  router.post("/jobs/:id/feedback", async (request, response) => {
    const { id } = request.params;
    const feedback = parseBody(jobFeedback, request);
    if (!jobId.safeParse(id).success) throw noSuchJob();
    await tell(id, feedback);
    response.json({ jobId: id, ...feedback });
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

  router.get("/creators/:id/insights", async (request, response) => {
    const id = parsePath(creatorId, request.params.id, "id");
    const { scope, type, fanId, cursor, limit } = parseQuery(insightsQuery, request);
    await requireCreator(id);
    const now = new Date();
    const rows = await prisma.insight.findMany({
      where: {
        creatorId: scope === "creator" ? id : null,
        ...(type !== undefined && { type }),
        ...(fanId !== undefined && { fanId }),
        AND: [{ OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] }, ...(cursor ? [before(cursor)] : [])],
      },
      orderBy: [{ createdAt: "desc" }, { id: "desc" }],
      take: limit + 1,
    });
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    const outcomes = await outcomesOf(page.map((row) => row.id));
    response.json({
      items: page.map((row) => present(row, now, outcomes.get(row.id))),
      ...(last && { nextCursor: encodeCursor({ startedAt: last.createdAt, id: last.id }) }),
    });
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

  router.delete("/creators/:id/insights/:insightId", async (request, response) => {
    const id = parsePath(creatorId, request.params.id, "id");
    const { insightId } = request.params;
    const { count } = /^ins_\w{1,60}$/.test(insightId)
      ? await prisma.insight.deleteMany({ where: { id: insightId, creatorId: id } })
      : { count: 0 };
    if (count === 0)
      throw new ProblemError(404, "insight_not_found", "The creator has no insight of that id.");
    response.status(204).end();
  });

  router.delete("/creators/:id/fans/:fanId", async (request, response) => {
    const fan = {
      creatorId: parsePath(creatorId, request.params.id, "id"),
      fanId: parsePath(fanId, request.params.fanId, "fanId"),
    };
    await requireCreator(fan.creatorId);
    response.json(await eraseFan(database, fan, { cancelled, streams }));
  });

  /** Best effort: a cancelled job can't be run, and leaves its lane when its turn comes. */
  async function cancelled(jobs: readonly CancelledJob[]): Promise<void> {
    if (jobs.length === 0) return;
    const ids = jobs.map(({ id }) => id);
    await Promise.allSettled([...jobs.map((job) => dispatcher.remove(job)), announceJobEnd(redis, ...ids)]);
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

  async function requireCreator(id: string): Promise<void> {
    if (await prisma.creator.findUnique({ where: { id }, select: { id: true } })) return;
    throw new ProblemError(404, "creator_not_found", "No creator has that id.");
  }

  return router;
}

function noSuchJob(): ProblemError {
  return new ProblemError(404, "job_not_found", "No job has that id.");
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
