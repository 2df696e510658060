import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";
import type { RateView } from "../http/rate-limit-headers.ts";

/** How often a process tells Redis what it has let through, and hears what the others have. */
const exchangeMs = 50;

export interface RateTerms {
  perSecond: number;
  burst: number;
}

/** A caller's bucket as this process knows it. */
interface Bucket {
  /** When it is full again, by this process' own clock. */
  fullAt: number;
  /** Let through since the last exchange began. */
  untold: number;
  /** Asked since then, maybe in vain: what the others have let through is of interest. */
  wasAsked: boolean;
}

interface CountUsesCommand {
  countUses(key: string, uses: number, intervalMs: number): Promise<string>;
}

/**
 * How fast each caller may ask, over all processes: a token bucket (GCRA) that every process keeps for itself, and
 * whose use they add up in Redis every 50 ms. So a request costs no round trip. Within an exchange the processes may
 * together let through more than the burst, each at most what it believes to be there; since all is counted, that has to
 * be waited for afterwards, and over time no caller gets more than the rate. While Redis is away each process counts
 * alone.
 */
export class KeyRate {
  readonly #redis: Redis & CountUsesCommand;
  readonly #burst: number;
  /** One token comes back in so many ms. */
  readonly #interval: number;
  readonly #buckets = new Map<string, Bucket>();
  #timer: NodeJS.Timeout | undefined;

  /** @param redis closed by its owner */
  constructor(redis: Redis, { perSecond, burst }: RateTerms) {
    redis.defineCommand("countUses", {
      numberOfKeys: 1,
      lua: readFileSync(new URL("./count-uses-1.lua", import.meta.url), "utf8"),
    });
    this.#redis = redis as Redis & CountUsesCommand;
    this.#burst = burst;
    this.#interval = 1000 / perSecond;
  }

  /** Takes a token where there is one. @returns whether there was, and how the bucket is then */
  take(caller: string): RateView & { isAllowed: boolean } {
    const now = performance.now();
    const bucket = this.#buckets.get(caller) ?? { fullAt: now, untold: 0, wasAsked: true };
    this.#buckets.set(caller, bucket);
    bucket.wasAsked = true;
    const interval = this.#interval;
    const before = Math.max(bucket.fullAt, now);
    const isAllowed = before + interval - now <= this.#burst * interval;
    if (isAllowed) {
      bucket.fullAt = before + interval;
      bucket.untold++;
    }
    this.#exchangeSoon();
    return { isAllowed, ...this.#view(bucket, now) };
  }

  #view({ fullAt }: Bucket, now: number): RateView {
    const [burst, interval] = [this.#burst, this.#interval];
    const tokens = Math.max(0, Math.floor(burst - (Math.max(fullAt, now) - now) / interval));
    return { tokens, nextTokenAt: fullAt - (burst - 1) * interval, burst, interval, now };
  }

  /**
   * Takes tokens for what a request turned out to be, also those that are not there: who owes has to wait afterwards.
   * @returns how the bucket is where the caller owed already, as who sends the heads of many requests first does: none were taken
   */
  owe(caller: string, tokens: number): RateView | undefined {
    const bucket = this.#buckets.get(caller);
    // It has just asked, so it has one.
    if (!bucket) return undefined;
    const now = performance.now();
    if (bucket.fullAt - now > this.#burst * this.#interval) return this.#view(bucket, now);
    bucket.fullAt = Math.max(bucket.fullAt, performance.now()) + tokens * this.#interval;
    bucket.untold += tokens;
    this.#exchangeSoon();
    return undefined;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#buckets.clear();
  }

  #exchangeSoon(): void {
    this.#timer ??= setTimeout(() => {
      void this.#exchange().finally(() => {
        this.#timer = undefined;
        if (this.#buckets.size > 0) this.#exchangeSoon();
      });
    }, exchangeMs).unref();
  }

  async #exchange(): Promise<void> {
    const now = performance.now();
    const told: Promise<void>[] = [];
    for (const [caller, bucket] of this.#buckets) {
      if (bucket.wasAsked) told.push(this.#tell(caller, bucket));
      else if (bucket.fullAt <= now) this.#buckets.delete(caller);
    }
    await Promise.all(told);
  }

  async #tell(caller: string, bucket: Bucket): Promise<void> {
    const uses = bucket.untold;
    bucket.untold = 0;
    bucket.wasAsked = false;
    // What can't be told now is forgotten: it may have been counted, and the others count alone as well.
    const fullInMs = await this.#redis
      .countUses(`understudy:key-rate:${caller}`, uses, this.#interval)
      .catch(() => "0");
    const counted = performance.now() + Number(fullInMs) + bucket.untold * this.#interval;
    bucket.fullAt = Math.max(bucket.fullAt, counted);
  }
}
