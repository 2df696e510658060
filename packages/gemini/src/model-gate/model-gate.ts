import type { Redis } from "ioredis";
import { GateScripts } from "./gate-scripts.ts";
import type { ModelLimit } from "./model-limits.ts";
import { ModelNews } from "./model-news.ts";

/** Whether a call may be made now. */
export type Admission = { kind: "go"; pass: CallPass } | ModelDelay;

/** What an admitted call has reserved; given back to `end`. */
export interface CallPass {
  model: string;
  /** Of the limits' window; 0: nothing is reserved. */
  bucket: number;
  /** Reserved in it. */
  tokens: number;
  /** 0 unless the call is what a half-open breaker lets through. */
  probe: number;
}

/** The model can't be called now. */
export interface ModelDelay {
  kind: "wait";
  delayMs: number;
  /** A 429 paused it; its limits are used up; or too many calls have failed. */
  why: "paused" | "rate" | "breaker";
}

/**
 * What an admitted call tells of its model. `refused`: by a model that is well. `unsent`: nothing has left this machine.
 * `unjudged`: we ended it ourselves, which says nothing of the model.
 */
export type CallEnding = "answered" | "refused" | "failed" | "unsent" | "unjudged";

/** For operators; told by the process that brought it about. */
export interface ModelChange {
  model: string;
  change: "paused" | "breaker_opened" | "breaker_closed";
  /** How long it lasts, at least. */
  delayMs: number;
}

export interface ModelGateOptions {
  /** A connection that fails fast, closed by its owner. */
  redis: Redis;
  limits?: ReadonlyMap<string, ModelLimit> | undefined;
  onChange?: (change: ModelChange) => void;
  /** Length of the limits' window; other than a minute in tests alone. */
  windowMs?: number;
  breaker?: Partial<BreakerTerms>;
}

/** When the breaker opens, and for how long. */
export interface BreakerTerms {
  /** Fewest failures that open it, and not fewer than calls were answered in the same while. */
  failedMin: number;
  /** How long a while is, from its first failure. */
  watchMs: number;
  /** Longest first opening; it doubles with each in a row, and a random part of it is taken. */
  openMsFirst: number;
  openMsMax: number;
  /** How long a probe may take before another goes. */
  probeMs: number;
}

// More failures than one job has attempts: a job that always fails is no storm.
const breakerTerms: BreakerTerms = {
  failedMin: 10,
  watchMs: 10_000,
  openMsFirst: 2_000,
  openMsMax: 30_000,
  probeMs: 10_000,
};

/** A window is so many buckets long. Two more are counted: the current one, and one to spare (admit-call-2.lua). */
const windowBuckets = 60;

/** A 429 that asks for less would have its jobs spin; one that asks for more is asked again after a day. */
const pauseMsMin = 1_000;
const pauseMsMax = 86_400_000;

/** Longest pause that doubling comes to. A used-up account that is paid for is found so long after it at the latest. */
const doubledMsMax = 600_000;

/** Longest wait told for the limits, in windows: a job that was told longer would not hear of higher limits. */
const waitWindowsMax = 5;

/** How long Redis may take to answer, and how long it is left alone when it did not. */
const redisPatienceMs = 2_000;
const redisAwayMs = 1_000;

/**
 * Gemini's own limits, kept together by all workers: a model that answered 429 is left alone, ever longer while that
 * goes on, configured limits
 * are reserved before each call, and a model whose calls fail is tried by one call at a time.
 *
 * Where no limits are configured and all is well with the model, a call asks nobody; else it costs one round trip.
 * While Redis is away calls go through: their jobs had been handed out, new ones are not, and what may be spent is
 * bounded in Postgres. Pauses that this process knows of are kept all the same.
 */
export class ModelGate {
  readonly #scripts: GateScripts;
  readonly #news: ModelNews;
  readonly #limits: ReadonlyMap<string, ModelLimit>;
  readonly #onChange: (change: ModelChange) => void;
  readonly #windowMs: number;
  readonly #breaker: BreakerTerms;
  #awayUntil = 0;

  constructor({ redis, limits, onChange, windowMs = 60_000, breaker }: ModelGateOptions) {
    this.#scripts = new GateScripts(redis);
    this.#news = new ModelNews(redis);
    this.#limits = limits ?? new Map();
    this.#onChange = onChange ?? (() => {});
    this.#windowMs = windowMs;
    this.#breaker = { ...breakerTerms, ...breaker };
  }

  /**
   * Asks whether a call may be made now, and reserves its place in the model's limits. Every pass must be given
   * to `end`.
   * @param model the name that its price has
   * @param tokensMax the most that prompt and answer can come to. A call that is larger than the limit takes all of it
   */
  async admit(model: string, tokensMax: number): Promise<Admission> {
    const pausedMs = this.#news.pausedMs(model);
    if (pausedMs > 0) return waitFor(pausedMs, "paused");
    const limit = this.#limits.get(model);
    if (!limit && !this.#news.mustAsk(model)) return go(model);

    const { requestsPerMinute = 0, tokensPerMinute = 0 } = limit ?? {};
    const tokens = Math.min(tokensMax, tokensPerMinute);
    const { life } = this.#news;
    const answer = await this.#ask(() =>
      this.#scripts.admitCall(
        model,
        requestsPerMinute,
        tokensPerMinute,
        tokens,
        this.#windowMs / windowBuckets,
        windowBuckets + 2,
        this.#breaker.probeMs,
        this.#windowMs * waitWindowsMax,
      ),
    );
    if (!answer) return go(model);
    this.#news.note(model, answer.report, life);
    const { verdict, delayMs, bucket, probe } = answer;
    return verdict === "go" ? go(model, bucket, tokens, probe) : waitFor(delayMs, verdict);
  }

  /**
   * Leaves the model alone on all workers after a 429: for so long, and twice as long each time in a row, up to ten
   * minutes, until a call is answered. From the second time on one call goes first. Answers when they have been told.
   */
  async pause(model: string, delayMs: number): Promise<ModelDelay> {
    const pauseMs = Math.ceil(Math.min(Math.max(delayMs, pauseMsMin), pauseMsMax));
    this.#news.pauseHere(model, pauseMs);
    const answer = await this.#ask(() => this.#scripts.pauseModel(model, pauseMs, doubledMsMax));
    if (answer) this.#news.note(model, answer.report);
    if (answer?.isLonger) this.#onChange({ model, change: "paused", delayMs: answer.report.pausedMs });
    return waitFor(this.#news.pausedMs(model), "paused");
  }

  /**
   * Tells how an admitted call ended. Costs a round trip only where that matters: something is given back, a call
   * failed, or the model is watched since one did.
   * @param tokensUsed what it came to; all that was reserved unless given
   */
  async end(pass: CallPass, ending: CallEnding, tokensUsed = pass.tokens): Promise<void> {
    const { model, bucket, tokens, probe } = pass;
    const requestsBack = bucket > 0 && ending === "unsent" ? 1 : 0;
    const tokensBack = bucket > 0 ? Math.max(0, tokens - (ending === "unsent" ? 0 : tokensUsed)) : 0;
    const isWell = ending === "answered" || ending === "refused";
    const isOfInterest = ending === "failed" || (isWell && this.#news.isWatched(model));
    if (probe === 0 && requestsBack + tokensBack === 0 && !isOfInterest) return;

    const { failedMin, watchMs, openMsFirst, openMsMax } = this.#breaker;
    const answer = await this.#ask(() =>
      this.#scripts.endCall(
        model,
        ending,
        probe,
        bucket,
        requestsBack,
        tokensBack,
        Math.random(),
        failedMin,
        watchMs,
        openMsFirst,
        openMsMax,
      ),
    );
    if (!answer) return;
    this.#news.note(model, answer.report);
    if (answer.change !== "") {
      this.#onChange({ model, change: `breaker_${answer.change}`, delayMs: answer.openMs });
    }
  }

  /** @returns undefined while Redis is away, or out of memory */
  async #ask<Answer>(command: () => Promise<Answer>): Promise<Answer | undefined> {
    if (performance.now() < this.#awayUntil) return undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      const tooLate = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error("Redis takes too long.")), redisPatienceMs);
      });
      return await Promise.race([command(), tooLate]);
    } catch {
      this.#awayUntil = performance.now() + redisAwayMs;
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#news.close();
  }
}

function go(model: string, bucket = 0, tokens = 0, probe = 0): Admission {
  return { kind: "go", pass: { model, bucket, tokens, probe } };
}

/** Up to a tenth later than needed, 1 s at most: those who wait for the same moment do not come all at once. */
function waitFor(delayMs: number, why: ModelDelay["why"]): ModelDelay {
  return { kind: "wait", delayMs: Math.ceil(delayMs + Math.random() * Math.min(1_000, delayMs / 10)), why };
}
