import { Redis } from "ioredis";
import { accountsAmissNow } from "./accounts.ts";
import { NowhereWatch, readJobsNowhere, TwiceWatch } from "./nowhere.ts";
import { RecoveryWatch } from "./recovery.ts";
import { readStanding } from "./redis-look.ts";
import { bucketsPassed, readFirstStarts } from "./releases.ts";
import { ReleaseSightings } from "./sightings.ts";
import type { World } from "./world.ts";

/** How often it is asked. */
const pauseMs = 500;

/** One cause is told once; so many of them say enough. */
const violationsMax = 200;

export interface InvariantsWatch {
  /** Workers have been, or are being, killed: see I. */
  noteKill(): void;
  /** Another server has taken the place of Postgres or Redis: see I. */
  noteFailover(): void;
  /** What runs can't reach its services until `noteBack`, though the watch can: limits of time wait. */
  noteAway(): void;
  noteBack(): void;
  /** @returns all violations so far, one line each, beginning with the invariant's letter */
  violations(): string[];
  stats(): WatchStats;
  /**
   * Looks once more, and no more after that; again it gives the same.
   * @returns all violations, with those of K
   * @throws where Postgres can't be asked for these
   */
  stop(): Promise<string[]>;
}

interface WatchStats {
  looks: number;
  /** Of those, how many Postgres or Redis did not answer. */
  unanswered: number;
  /** The longest that a job stood nowhere, and that work took to go on after a kill and a failover. */
  longestMs: { nowhere: number; kill: number; failover: number };
}

/**
 * Asks all the time for what must hold at every moment: H (each job stands in one place that will run it),
 * E (no account is off or passes its bound), I (what a kill or failover has interrupted goes on) and K (no
 * bucket is passed). Where Postgres or Redis is away nobody can know: limits of time begin anew then.
 */
export function watchInvariants(
  world: Pick<World, "database" | "redisUrl" | "platformQuotaUsd">,
): InvariantsWatch {
  const redis = new Redis(world.redisUrl, {
    maxRetriesPerRequest: 0,
    commandTimeout: 2_000,
    disconnectTimeout: 200,
    retryStrategy: () => 200,
  });
  redis.on("error", () => {});
  const nowhere = new NowhereWatch();
  const twice = new TwiceWatch();
  const recovery = new RecoveryWatch();
  const sightings = new ReleaseSightings();
  const found = new Map<string, string>();
  const counts = { looks: 0, unanswered: 0 };
  let isAway = false;
  let isStopped = false;

  function note(violations: readonly string[]): void {
    for (const violation of violations) {
      // Amounts differ from look to look.
      const cause = violation.replace(/\b\d+(\.\d+)?\b/g, "");
      if (found.size < violationsMax && !found.has(cause))
        found.set(cause, `${violation} (at ${new Date().toISOString()})`);
    }
  }

  function forget(): void {
    nowhere.forget();
    twice.forget();
    recovery.forget();
  }

  async function look(): Promise<void> {
    counts.looks++;
    const [jobs, accounts] = await Promise.all([
      readJobsNowhere(world).catch(() => undefined),
      accountsAmissNow(world).catch(() => []),
    ]);
    note(accounts);
    const standing = await readStanding(redis).catch(() => undefined);
    if (standing) sightings.look(standing);
    if (!jobs || !standing) counts.unanswered++;
    if (!jobs || !standing || isAway) return forget();
    note([...nowhere.look(jobs, standing, performance.now()), ...twice.look(jobs, standing)]);
    const late = await recovery.look(world, performance.now()).catch(() => undefined);
    if (late) note(late);
    else forget();
  }

  const watching = (async () => {
    while (!isStopped) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })();

  let stopping: Promise<string[]> | undefined;
  async function stop(): Promise<string[]> {
    isStopped = true;
    await watching;
    await look();
    redis.disconnect();
    note(await bucketsPassed(world, sightings.releases(await readFirstStarts(world))));
    return [...found.values()];
  }

  return {
    noteKill: () => recovery.noteKill(),
    noteFailover: () => recovery.noteFailover(),
    noteAway() {
      isAway = true;
      forget();
    },
    noteBack() {
      isAway = false;
    },
    violations: () => [...found.values()],
    stats: () => ({
      ...counts,
      longestMs: { nowhere: Math.round(nowhere.longestMs), ...recovery.longestMs },
    }),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
