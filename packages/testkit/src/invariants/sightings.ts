import type { Standing } from "./redis-look.ts";
import type { FirstStart, Release } from "./releases.ts";

interface Sighting {
  creatorId: string;
  /** Until then it stood in its lane: it was released later. */
  from: number;
  /** When it was released, or a little later. */
  until?: number;
}

/**
 * K, as it is seen from outside: what stood in its lane at one look, and was released by the next, took its
 * token in between. Sharper than what Postgres remembers, since a job may have waited in its lane for hours.
 */
export class ReleaseSightings {
  /** Of each run of Redis, by delivery: a wiped one may release again what it had released before. */
  readonly #lives = new Map<number, Map<string, Sighting>>();

  look({ at, born, inLanes, released }: Standing): void {
    if (born === undefined) return;
    const life = this.#lives.get(born) ?? new Map<string, Sighting>();
    this.#lives.set(born, life);
    for (const [delivery, creatorId] of inLanes) life.set(delivery, { creatorId, from: at });
    for (const [delivery, releasedAt] of released) {
      const sighting = life.get(delivery);
      // What has never stood in a lane has taken its token before.
      if (sighting) sighting.until = Math.min(releasedAt, sighting.until ?? releasedAt);
    }
  }

  /**
   * All releases that are known: of those that no look has seen released, by when their job has started. A
   * job that is older than the last run of Redis may have been released in the one before.
   */
  releases(starts: readonly FirstStart[]): Release[] {
    const started = new Map(starts.map((start) => [start.id, start]));
    const lastLife = Math.max(...this.#lives.keys());
    const releases: Release[] = [];
    for (const [born, life] of this.#lives) {
      const latest = new Map<string, { generation: number } & Sighting>();
      for (const [delivery, sighting] of life) {
        const { until } = sighting;
        if (until !== undefined) {
          releases.push({ ...sighting, until });
          continue;
        }
        const [id = "", generation = "0"] = delivery.split("-g");
        if (Number(generation) > (latest.get(id)?.generation ?? -1))
          latest.set(id, { ...sighting, generation: Number(generation) });
      }
      if (born !== lastLife) continue;
      for (const [id, { creatorId, from }] of latest) {
        const start = started.get(id);
        if (start?.until && start.acceptedAt > born && start.until >= from)
          releases.push({ creatorId, from, until: start.until });
      }
    }
    return releases;
  }
}
