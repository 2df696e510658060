import { type Database, requireUtc } from "@understudy/database";
import { holdLease } from "@understudy/jobs";
import { evictionPolicy } from "@understudy/queues";
import type { ParentProcess } from "@understudy/service";
import type { Redis } from "ioredis";
import { z } from "zod";
import { defineRoute, type Route } from "../http/define-route.ts";
import { siblings } from "../siblings.ts";

const timeoutMs = 2_000;

/** `evicting`: Redis answers, and may throw away what it was given when it is full. */
const health = z.enum(["ok", "away", "evicting"]);

type Health = z.infer<typeof health>;

const alive = z.object({ status: z.enum(["ok", "unavailable"]) });

const readiness = z.object({
  /**
   * - degraded: jobs are accepted, and dispatched when Redis is back, or may be delayed
   * - unavailable: none are accepted
   * - stopping: send no more here
   */
  status: z.enum(["ok", "degraded", "unavailable", "stopping"]),
  dependencies: z.object({ postgres: health, redis: health }),
});

type Readiness = z.infer<typeof readiness>;

/** From the best to the worst. */
const worse = {
  status: ["ok", "degraded", "stopping", "unavailable"],
  health: ["ok", "evicting", "away"],
} as const;

/**
 * `/healthz`: this process answers, and each of its siblings. `/readyz`: each dependency; 503 where jobs can't be accepted by
 * one that answers here, and while the API stops. Without Redis they can: it is `degraded`, and the reconciler dispatches them later.
 */
export function healthRoutes(
  database: Database,
  redis: Redis,
  stopping: AbortSignal,
  parent: ParentProcess | undefined,
): Route[] {
  async function ownReadiness(): Promise<Readiness> {
    const [postgres, redisHealth] = await Promise.all([
      check(() => takesWrites(database)),
      check(() => writable(redis)),
    ]);
    const dependencies = { postgres, redis: redisHealth };
    if (stopping.aborted) return { status: "stopping", dependencies };
    if (postgres === "away") return { status: "unavailable", dependencies };
    return { status: redisHealth === "ok" ? "ok" : "degraded", dependencies };
  }
  const all = siblings(parent, { alive: () => true, readiness: ownReadiness });

  const isAlive = defineRoute({
    method: "get",
    path: "/healthz",
    id: "readHealth",
    tag: "Operations",
    scope: "public",
    summary: "Tell whether this API answers",
    answers: {
      200: { description: "It does.", schema: alive, example: { status: "ok" } },
      503: {
        description: "One of its processes does not, or is being started anew.",
        schema: alive,
        example: { status: "unavailable" },
      },
    },
    handle: async ({ reply }) =>
      (await all.areAlive()) ? reply(200, { status: "ok" }) : reply(503, { status: "unavailable" }),
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
      // A sibling that stops alone takes no more connections: whoever asks this one is not sent there.
      const told = stopping.aborted ? [await ownReadiness()] : await all.readiness();
      const worst = worstOf(stopping.aborted ? told : told.filter((each) => each?.status !== "stopping"));
      return worst.status === "ok" || worst.status === "degraded" ? reply(200, worst) : reply(503, worst);
    },
  });

  return [isAlive, isReady];
}

/** @param told by each process; undefined where one is silent, which a request may meet as well */
function worstOf(told: (Readiness | undefined)[]): Readiness {
  const known = told.filter((each) => each !== undefined);
  const last = <T>(order: readonly T[], values: T[]) => order.findLast((each) => values.includes(each));
  const status = last(
    worse.status,
    known.map((each) => each.status),
  );
  const health = (name: "postgres" | "redis") =>
    last(
      worse.health,
      known.map(({ dependencies }) => dependencies[name]),
    ) ?? "away";
  return {
    status: known.length < told.length || status === undefined ? "unavailable" : status,
    dependencies: { postgres: health("postgres"), redis: health("redis") },
  };
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
