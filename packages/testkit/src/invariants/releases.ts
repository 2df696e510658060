import { loadStatement } from "@understudy/database";
import type { World } from "./world.ts";

const firstStarts = loadStatement(new URL("./first-starts.sql", import.meta.url));
const bucketTerms = loadStatement(new URL("./bucket-terms.sql", import.meta.url));

/** A release of which is known that it happened between two times, in ms since 1970. */
export interface Release {
  creatorId: string;
  from: number;
  until: number;
}

/** Terms of a bucket. Times in ms since 1970. */
export interface BucketTerms {
  from: number;
  /** null: still in force. */
  until: number | null;
  ratePerHour: number;
  burst: number;
}

/** When a job may have been released at the earliest and the latest, as far as Postgres says. */
export interface FirstStart {
  id: string;
  creatorId: string;
  acceptedAt: number;
  from: number;
  /** null where it has not started (again) yet. */
  until: number | null;
}

const hourMs = 3_600_000;

/** Terms that have changed may hold for so long yet: the reconciler tells Redis what a route could not. */
const changedMs = 60_000;

/** What two clocks of one machine, and times in whole milliseconds, may differ by. */
const clockMs = 100;

/**
 * K: no window of a creator's releases passes the largest burst and the tokens that came in it. Postgres
 * keeps no release's own time: it lies between the job's being accepted and its first start, so that jobs
 * that came and started within a window were all released in it. Retries, crashes and a wiped Redis change no
 * first start.
 */
export async function releasesAmiss({ database }: Pick<World, "database">): Promise<string[]> {
  const starts = await readFirstStarts({ database });
  const releases = starts.flatMap(({ until, ...start }) => (until === null ? [] : [{ ...start, until }]));
  return await bucketsPassed({ database }, releases);
}

export function readFirstStarts({ database }: Pick<World, "database">): Promise<FirstStart[]> {
  return database.execute<FirstStart>(firstStarts);
}

/** Judges releases by the terms that Postgres has of their creators' buckets, now and before. */
export async function bucketsPassed(
  { database }: Pick<World, "database">,
  releases: readonly Release[],
): Promise<string[]> {
  const terms = byCreator(await database.execute<BucketTerms & { creatorId: string }>(bucketTerms));
  return [...byCreator(releases)].flatMap(([creatorId, own]) => {
    const worst = worstWindow(own, terms.get(creatorId) ?? []);
    if (!worst) return [];
    const { from, until, releases: count, tokens } = worst;
    const window = `${new Date(from).toISOString()} and ${new Date(until).toISOString()}`;
    return [`K: ${creatorId} had ${count} releases between ${window}, and ${tokens.toFixed(2)} tokens`];
  });
}

function byCreator<Item extends { creatorId: string }>(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(item.creatorId);
    if (group) group.push(item);
    else groups.set(item.creatorId, [item]);
  }
  return groups;
}

interface Window {
  from: number;
  until: number;
  releases: number;
  /** The burst, and what came in it. */
  tokens: number;
}

/** The window that passes the bucket by most, if any: of all that begin and end with a release. */
export function worstWindow(
  releases: readonly Omit<Release, "creatorId">[],
  terms: readonly BucketTerms[],
): Window | undefined {
  const begins = Math.min(...terms.map(({ from }) => from));
  // The first terms are those of before, too.
  const lasting = terms.map(({ from, until, ...rest }) => ({
    ...rest,
    from: from === begins ? Number.NEGATIVE_INFINITY : from,
    until: until === null ? Number.POSITIVE_INFINITY : until + changedMs,
  }));
  const ordered = releases.toSorted((a, b) => a.until - b.until);
  const [first, last] = [Math.min(...releases.map(({ from }) => from)), ordered.at(-1)?.until ?? 0];
  const inForce = lasting.filter(({ from, until }) => from < last && until > first);
  const burst = Math.max(0, ...inForce.map((each) => each.burst));
  if (releases.length <= burst) return undefined;

  const came = tokensCame(inForce, first);
  const at = ordered.map(({ until }) => came(until + clockMs));
  let worst: Window | undefined;
  let excessMax = 0;
  for (const { from } of releases) {
    const before = came(from);
    let count = 0;
    for (const [index, release] of ordered.entries()) {
      if (release.from < from) continue;
      count++;
      const tokens = burst + (at[index] ?? 0) - before;
      // Whole releases: what is lost in the last digits of times is no release.
      if (count - tokens <= Math.max(excessMax, 0.001)) continue;
      excessMax = count - tokens;
      worst = { from, until: release.until, releases: count, tokens };
    }
  }
  return worst;
}

/** How many tokens have come since `begin` until a time, at the highest rate in force at each moment. */
function tokensCame(
  terms: readonly { from: number; until: number; ratePerHour: number }[],
  begin: number,
): (until: number) => number {
  const changes = [begin, ...terms.flatMap(({ from, until }) => [from, until])]
    .filter((at) => Number.isFinite(at) && at >= begin)
    .toSorted((a, b) => a - b);
  let sum = 0;
  const parts = changes.map((at, index) => {
    const rate = Math.max(
      0,
      ...terms.filter(({ from, until }) => from <= at && at < until).map((t) => t.ratePerHour),
    );
    const part = { at, sum, rate };
    sum += (rate * ((changes[index + 1] ?? at) - at)) / hourMs;
    return part;
  });
  return (until) => {
    const part = parts.findLast(({ at }) => at <= until);
    return part ? part.sum + (part.rate * (until - part.at)) / hourMs : 0;
  };
}
