import { type Database, requireUtc } from "@understudy/database";
import { holdLease } from "@understudy/jobs";
import { evictionPolicy } from "@understudy/queues";
import type { Redis } from "ioredis";
import { z } from "zod";
import { defineRoute, type Route } from "../http/define-route.ts";

const timeoutMs = 2_000;

/** `evicting`: Redis answers, and may throw away what it was given when it is full. */
const health = z.enum(["ok", "away", "evicting"]);

type Health = z.infer<typeof health>;

const alive = z.object({ status: z.literal("ok") });

const readiness = z.object({
  /**
   * - degraded: jobs are accepted, and dispatched when Redis is back, or may be delayed
   * - unavailable: none are accepted
   * - stopping: send no more here
   */
  status: z.enum(["ok", "degraded", "unavailable", "stopping"]),
  dependencies: z.object({ postgres: health, redis: health }),
});

/**
 * `/healthz`: this process answers. `/readyz`: each dependency; 503 where jobs can't be accepted, and while
 * the API stops. Without Redis they can: it is `degraded`, and the reconciler dispatches them later.
 */
export function healthRoutes(database: Database, redis: Redis, stopping: AbortSignal): Route[] {
  const isAlive = defineRoute({
    method: "get",
    path: "/healthz",
    id: "readHealth",
    tag: "Operations",
    scope: "public",
    summary: "Tell whether this process answers",
    answers: { 200: { description: "It does.", schema: alive, example: { status: "ok" } } },
    handle: ({ reply }) => reply(200, { status: "ok" }),
  });

  const isReady = defineRoute({
    method: "get",
    path: "/readyz",
    id: "readReadiness",
    tag: "Operations",
    scope: "public",
    summary: "Tell whether jobs can be accepted",
    answers: {
      200: {
        description: "Jobs are accepted; `degraded` without Redis, or with one that evicts keys.",
        schema: readiness,
        example: { status: "ok", dependencies: { postgres: "ok", redis: "ok" } },
      },
      503: {
        description: "No jobs can be accepted: Postgres is away, or this API stops.",
        schema: readiness,
        example: { status: "unavailable", dependencies: { postgres: "away", redis: "ok" } },
      },
    },
    async handle({ reply }) {
      const [postgres, redisHealth] = await Promise.all([
        check(() => takesWrites(database)),
        check(() => writable(redis)),
      ]);
      const dependencies = { postgres, redis: redisHealth };
      if (stopping.aborted) return reply(503, { status: "stopping", dependencies });
      if (postgres === "away") return reply(503, { status: "unavailable", dependencies });
      return reply(200, { status: redisHealth === "ok" ? "ok" : "degraded", dependencies });
    },
  });

  return [isAlive, isReady];
}

/** A standby and a full disk still answer reads: only a write tells. */
async function takesWrites(database: Database): Promise<Health> {
  await requireUtc(database);
  await holdLease(database, { name: "readyz", holder: "api" }, 60);
  return "ok";
}

/** A full Redis still answers PING: only a write tells. */
async function writable(redis: Redis): Promise<Health> {
  await redis.set("understudy:readyz", "1", "EX", 60);
  return (await evictionPolicy(redis)) === "noeviction" ? "ok" : "evicting";
}

async function check(ask: () => Promise<Health>): Promise<Health> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), timeoutMs);
  });
  try {
    return await Promise.race([ask(), late]);
  } catch {
    return "away";
  } finally {
    clearTimeout(timer);
  }
}
