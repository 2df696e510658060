import { Redis } from "ioredis";
import type { Stack } from "./stack.ts";

/** A job may stand nowhere for so long: then whoever finds it must have dispatched it anew. */
const nowhereMsMax = 15_000;

/** How often it is asked. */
const pauseMs = 500;

interface PlacesWatch {
  /** @throws where a job stood nowhere for too long at any time */
  stop(): Promise<void>;
}

/**
 * Asks all the time for invariant H: each job that has not ended stands in one place that will run it. Where Postgres or Redis
 * is away nobody can know; then the time begins anew.
 */
export function watchPlaces(stack: Pick<Stack, "database" | "redis">): PlacesWatch {
  const redis = new Redis(stack.redis.url, {
    maxRetriesPerRequest: 0,
    commandTimeout: 2_000,
    disconnectTimeout: 200,
    retryStrategy: () => 200,
  });
  redis.on("error", () => {});
  const nowhereSince = new Map<string, number>();
  const faults: string[] = [];
  let isStopped = false;

  async function look(): Promise<void> {
    const nowhere = await jobsNowhere(stack, redis).catch(() => undefined);
    if (!nowhere) return nowhereSince.clear();
    for (const id of nowhereSince.keys()) if (!nowhere.has(id)) nowhereSince.delete(id);
    for (const [id, state] of nowhere) {
      const since = nowhereSince.get(id) ?? performance.now();
      nowhereSince.set(id, since);
      if (performance.now() - since < nowhereMsMax) continue;
      faults.push(`${id} (${state}) stood nowhere for ${nowhereMsMax / 1000} s`);
      nowhereSince.delete(id);
    }
  }

  const watching = (async () => {
    while (!isStopped) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })();

  return {
    async stop() {
      isStopped = true;
      await watching;
      redis.disconnect();
      if (faults.length > 0) throw new Error(`Invariant H does not hold:\n${faults.slice(0, 20).join("\n")}`);
    },
  };
}

/** Jobs that no place will run, each with what Postgres says of it. */
async function jobsNowhere(
  { database }: Pick<Stack, "database">,
  redis: Redis,
): Promise<Map<string, string>> {
  const jobs = await database.prisma.$queryRaw<
    { id: string; generation: number; state: string; standsInPostgres: boolean }[]
  >`
    SELECT "id", "generation", concat_ws(' ', "status", "waitingFor", "crashes") AS "state",
      CASE "status"
        WHEN 'running' THEN EXISTS (SELECT FROM "Lease" WHERE "name" = "workerId" AND "until" > now())
        -- A time, room, or a line of suspects.
        ELSE coalesce("waitingFor" IN ('quota', 'paused'), false) OR coalesce("runAt" > now(), false) OR "crashes" >= 2
      END AS "standsInPostgres"
    FROM "Job" WHERE "status" IN ('queued', 'running')`;
  const elsewhere = jobs.filter(({ standsInPostgres }) => !standsInPostgres);
  if (elsewhere.length === 0) return new Map();
  const standing = await deliveriesStanding(redis);
  return new Map(
    elsewhere
      .filter(({ id, generation }) => !standing.has(`${id}-g${generation}`))
      .map(({ id, state }) => [id, state]),
  );
}

/** Of all that waits in lanes, and in queues or under a lock there. */
async function deliveriesStanding(redis: Redis): Promise<Set<string>> {
  const keys: string[] = [];
  for await (const page of redis.scanStream({ match: "{*}:*", count: 1_000 }))
    keys.push(...(page as string[]));
  const known = new Set(keys);
  const standing = new Set<string>();
  for (const key of known) {
    if (/^\{lanes\}:(lane:.*|timed)$/.test(key)) {
      for (const entry of await redis.zrange(key, "0", "-1")) standing.add(entry.split("|")[0] ?? "");
    } else if (/^\{agent-[^}]*\}:[^:]+:(prioritized|delayed)$/.test(key)) {
      for (const id of await redis.zrange(key, "0", "-1")) standing.add(id);
    } else if (/^\{agent-[^}]*\}:[^:]+:(wait|active)$/.test(key)) {
      const base = key.slice(0, key.lastIndexOf(":"));
      const isActive = key.endsWith(":active");
      for (const id of await redis.lrange(key, 0, -1)) {
        if (!isActive || known.has(`${base}:${id}:lock`)) standing.add(id);
      }
    }
  }
  return standing;
}
