import type { Redis } from "ioredis";

/** Terms of a creator's bucket from a moment on. Times in ms since 1970, by the clock of Redis. */
export interface TermsInForce {
  at: number;
  /** ms a token. */
  interval: number;
  burst: number;
}

/** All that is needed to judge the releases of one creator. */
export interface CreatorRecord {
  /** In order of time. */
  terms: TermsInForce[];
  /** In order of time. */
  releases: { at: number; entry: string; isInLife: number }[];
}

/** Terms that a creator's bucket has. */
export interface TermsOf {
  creatorId: string;
  interval: number;
  burst: number;
}

interface Change {
  at: number;
  creatorId: string;
  terms?: { interval: number; burst: number };
  entry?: string;
}

/** What move-6.lua was asked, as far as terms go, and what it answered. */
interface Asked {
  enter: [string, string, number, number, interval: number, burst: number, ...unknown[]][];
  terms: [string, interval: number, burst: number, ...unknown[]][];
}
interface Answered {
  released?: [entry: string, creatorId: string, ...unknown[]][];
  now: string;
}

/**
 * Notes every release exactly when it happened, by the clock of the script that made it, over as many connections
 * as there are: scripts run one after another, so that their times put them in order.
 */
export class ReleaseRecord {
  readonly #changes: Change[] = [];
  /** When what Redis knew was lost, all or the last of it. */
  readonly #wipes: number[] = [];

  /** @param redis with `moveLanes` defined on it */
  listen(redis: Redis): void {
    const connection = redis as unknown as { moveLanes: (...args: unknown[]) => Promise<string> };
    const moveLanes = connection.moveLanes.bind(redis);
    connection.moveLanes = async (...args) => {
      const answer = await moveLanes(...args);
      this.#note(JSON.parse(String(args.at(-1))) as Asked, JSON.parse(answer) as Answered);
      return answer;
    };
  }

  wiped(at: number): void {
    this.#wipes.push(at);
  }

  /** @param saved what Redis knew when it saved, and begins with now */
  restarted(at: number, saved: readonly TermsOf[]): void {
    this.wiped(at);
    for (const { creatorId, ...terms } of saved) this.#changes.push({ at, creatorId, terms });
  }

  /** By creator. */
  read(): Map<string, CreatorRecord> {
    const records = new Map<string, CreatorRecord>();
    const knownIn = new Map<string, number>();
    // The sort is stable: what one script changed before it released stays before.
    for (const { at, creatorId, terms, entry } of this.#changes.toSorted((a, b) => a.at - b.at)) {
      const isInLife = this.#wipes.filter((wipe) => wipe <= at).length;
      const record = records.get(creatorId) ?? { terms: [], releases: [] };
      records.set(creatorId, record);
      // The first terms that a Redis hears of count from its beginning.
      const isFirst = knownIn.get(creatorId) !== isInLife;
      if (terms) {
        record.terms.push({ ...terms, at: isFirst ? (this.#wipes[isInLife - 1] ?? 0) : at });
        knownIn.set(creatorId, isInLife);
      }
      if (entry !== undefined) record.releases.push({ at, entry, isInLife });
    }
    return records;
  }

  #note(asked: Asked, { now, released = [] }: Answered): void {
    const at = Number(now);
    for (const [creatorId, interval, burst] of asked.terms) {
      this.#changes.push({ at, creatorId, terms: { interval, burst } });
    }
    for (const [creatorId, , , , interval, burst] of asked.enter) {
      this.#changes.push({ at, creatorId, terms: { interval, burst } });
    }
    for (const [entry, creatorId] of released) this.#changes.push({ at, creatorId, entry });
  }
}

/** A time of today in ms is a double with steps of this size: so much each release may be early. */
const clockStepMs = 2 ** -12;

/**
 * By how many releases the worst of all windows passes its bound; at most 0 where the bucket keeps its promise. The
 * window from any release to any later one (n² / 2 of them) may hold the largest burst in force in it, and the tokens
 * that came in it at the rates in force.
 *
 * With one burst throughout, a window i..j holds j - i + 1 <= burst + tokens(i..j) exactly if no `index - tokens so
 * far` is more than burst - 1 above an earlier one: one pass finds the worst. Windows over several bursts are judged
 * once for each burst, among those that see no larger one.
 */
export function worstExcess({ terms, releases }: CreatorRecord): number {
  const heights = heightsOf(terms, releases);
  let worst = Number.NEGATIVE_INFINITY;
  for (const burst of new Set(terms.map((each) => each.burst))) {
    let lowest = Number.POSITIVE_INFINITY;
    let segment = 0;
    for (const [index, release] of releases.entries()) {
      for (; (terms[segment + 1]?.at ?? Number.POSITIVE_INFINITY) <= release.at; segment++) {
        if ((terms[segment]?.burst ?? 0) > burst) lowest = Number.POSITIVE_INFINITY;
      }
      if ((terms[segment]?.burst ?? 0) > burst) {
        lowest = Number.POSITIVE_INFINITY;
        continue;
      }
      const height = heights[index] ?? 0;
      lowest = Math.min(lowest, height);
      worst = Math.max(worst, height - lowest + 1 - burst);
    }
  }
  return worst;
}

/** The same by its definition, pair by pair: what `worstExcess` is checked against. */
export function worstExcessByPairs({ terms, releases }: CreatorRecord): number {
  const heights = heightsOf(terms, releases);
  let worst = Number.NEGATIVE_INFINITY;
  for (const [j, last] of releases.entries()) {
    for (const [i, first] of releases.slice(0, j + 1).entries()) {
      const inForce = terms.filter(
        ({ at }, index) => at <= last.at && (terms[index + 1]?.at ?? Number.POSITIVE_INFINITY) > first.at,
      );
      const burst = Math.max(...inForce.map((each) => each.burst));
      worst = Math.max(worst, (heights[j] ?? 0) - (heights[i] ?? 0) + 1 - burst);
    }
  }
  return worst;
}

/** For each release: how many came before it, less the tokens that came since the first. */
function heightsOf(terms: TermsInForce[], releases: CreatorRecord["releases"]): number[] {
  let segment = 0;
  let at = releases[0]?.at ?? 0;
  let tokens = 0;
  return releases.map((release, index) => {
    for (;;) {
      const { interval = Number.POSITIVE_INFINITY } = terms[segment] ?? {};
      const next = terms[segment + 1]?.at ?? Number.POSITIVE_INFINITY;
      tokens += Math.max(0, Math.min(next, release.at) - at) / interval;
      at = Math.max(at, Math.min(next, release.at));
      if (next > release.at) {
        tokens += clockStepMs / interval;
        return index - tokens;
      }
      segment++;
    }
  });
}
