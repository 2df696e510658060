import type { Placement } from "@understudy/queues";
import { ProblemError } from "./http/problem-error.ts";

/** How long a full lane is taken for full before it is looked at again, by letting one job in. */
const lookAgainMsMax = 1_000;

/**
 * Creators whose lane was full when one of their jobs was last let in. Kept in this process, so that accepting a job
 * asks Redis no second question: a lane may pass its bound by what several processes let in at once.
 */
export class FullLanes {
  readonly #laneMax: number;
  readonly #fullUntil = new Map<string, { until: number; retryAfterSeconds: number }>();

  constructor(laneMax: number) {
    this.#laneMax = laneMax;
  }

  note(creatorId: string, { waiting, interval }: Placement): void {
    if (waiting < this.#laneMax) {
      this.#fullUntil.delete(creatorId);
      return;
    }
    this.#fullUntil.set(creatorId, {
      until: performance.now() + Math.min(interval, lookAgainMsMax),
      // A job leaves with each token.
      retryAfterSeconds: Math.max(1, Math.ceil(interval / 1000)),
    });
  }

  /** @throws a 429 problem where the creator's lane is full */
  refuse(creatorId: string): void {
    const full = this.#fullUntil.get(creatorId);
    if (!full) return;
    if (performance.now() >= full.until) {
      this.#fullUntil.delete(creatorId);
      return;
    }
    throw laneFull(
      `${this.#laneMax} jobs of ${creatorId} wait already: as many as there may be.`,
      full.retryAfterSeconds,
    );
  }
}

/** There is no room for another job of a creator to wait. */
export function laneFull(detail: string, retryAfterSeconds: number): ProblemError {
  return new ProblemError(429, "lane_full", detail, {
    retryable: true,
    headers: { "retry-after": String(retryAfterSeconds) },
  });
}
