import type { Database } from "@understudy/database";
import { Router } from "express";
import type { Redis } from "ioredis";

const timeoutMs = 2_000;

type Health = "ok" | "away";

/**
 * `/healthz`: this process answers. `/readyz`: each dependency; 503 where jobs can't be accepted. Without
 * Redis they can: it is `degraded`, and the sweeper dispatches them later.
 */
export function healthRoutes(database: Database, redis: Redis): Router {
  const router = Router();

  router.get("/healthz", (_request, response) => {
    response.json({ status: "ok" });
  });

  router.get("/readyz", async (_request, response) => {
    const [postgres, redisHealth] = await Promise.all([
      check(() => database.ping(timeoutMs)),
      check(() => writable(redis)),
    ]);
    const status = postgres === "away" ? "unavailable" : redisHealth === "away" ? "degraded" : "ok";
    response
      .status(postgres === "away" ? 503 : 200)
      .json({ status, dependencies: { postgres, redis: redisHealth } });
  });

  return router;
}

/** A full Redis still answers PING: only a write tells. */
async function writable(redis: Redis): Promise<void> {
  await redis.set("understudy:readyz", "1", "EX", 60);
}

async function check(ask: () => Promise<void>): Promise<Health> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), timeoutMs);
  });
  try {
    await Promise.race([ask(), late]);
    return "ok";
  } catch {
    return "away";
  } finally {
    clearTimeout(timer);
  }
}
