import type { Redis } from "ioredis";
import { type ModelReport, newsChannel, readAnnouncement } from "./gate-scripts.ts";

/** How often the subscription is tried, and how long after an answer it counts as alive. */
const pingMs = 500;
const aliveMs = 1_500;

/** A subscription that has not answered for so long is made anew: its connection may be half open. */
const deadMs = 10_000;

/** What this process knows of a model. Times are of `performance.now()`. */
interface Known {
  /** The life of the subscription in which it was read: what changed since then was heard. 0: in none. */
  life: number;
  version: number;
  pausedUntil: number;
  opens: number;
  watchedUntil: number;
}

const unknown: Known = { life: 0, version: 0, pausedUntil: 0, opens: 0, watchedUntil: 0 };

/**
 * What this process knows of the models, so that a call of a model with which all is well asks nobody. A model's
 * state is read once; from then on changes are heard by a subscription. While that is not known to be alive, or
 * while a breaker is open, Redis must be asked. Redis answers on one connection in order, so an answered ping
 * proves that all that was announced before it has been heard.
 *
 * Pauses are kept whatever becomes of Redis.
 */
export class ModelNews {
  readonly #subscriber: Redis;
  readonly #known = new Map<string, Known>();
  readonly #pinging: NodeJS.Timeout;
  #life = 0;
  #isSubscribed = false;
  /** When the last ping that was answered had been sent. */
  #aliveAt = 0;

  /** @param redis whose server is listened to, over a connection of its own */
  constructor(redis: Redis) {
    this.#subscriber = redis.duplicate({
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      // Done below, where it is seen when it is done.
      autoResubscribe: false,
    });
    this.#subscriber.on("error", () => {});
    this.#subscriber.on("ready", () => void this.#subscribe());
    this.#subscriber.on("close", () => {
      this.#isSubscribed = false;
    });
    this.#subscriber.on("message", (_channel: string, message: string) => {
      const news = readAnnouncement(message);
      if (news) this.note(news.model, news.report);
    });
    this.#pinging = setInterval(() => void this.#ping(), pingMs);
    this.#pinging.unref();
  }

  async #subscribe(): Promise<void> {
    const at = performance.now();
    try {
      await this.#subscriber.subscribe(newsChannel);
    } catch {
      // The connection is gone again; the next one subscribes.
      return;
    }
    // What was known may have changed unheard.
    this.#life++;
    this.#isSubscribed = true;
    this.#aliveAt = at;
  }

  async #ping(): Promise<void> {
    if (!this.#isSubscribed) return;
    const at = performance.now();
    if (at - this.#aliveAt > deadMs) {
      this.#subscriber.disconnect(true);
      return;
    }
    try {
      await this.#subscriber.ping();
      this.#aliveAt = Math.max(this.#aliveAt, at);
    } catch {
      // The connection is gone; "close" tells.
    }
  }

  /** To be given to `note` beside what is read from Redis after this. 0: nothing read now would stay true. */
  get life(): number {
    return this.#isSubscribed ? this.#life : 0;
  }

  /** Whether Redis must be asked before a call of the model. */
  mustAsk(model: string): boolean {
    const known = this.#known.get(model);
    const isAlive = this.#isSubscribed && performance.now() - this.#aliveAt < aliveMs;
    return !isAlive || known?.life !== this.#life || known.opens > 0;
  }

  /** How long the model is still paused, as far as is known here; 0: it is not. */
  pausedMs(model: string): number {
    return Math.max(0, (this.#known.get(model)?.pausedUntil ?? 0) - performance.now());
  }

  /** Whether answered calls of the model are to be reported. */
  isWatched(model: string): boolean {
    return (this.#known.get(model)?.watchedUntil ?? 0) > performance.now();
  }

  /** A pause that this process was itself told of. Never shortens a longer one. */
  pauseHere(model: string, pauseMs: number): void {
    const known = this.#known.get(model) ?? unknown;
    const pausedUntil = Math.max(known.pausedUntil, performance.now() + pauseMs);
    this.#known.set(model, { ...known, pausedUntil });
  }

  /** @param life what `life` was before it was read; left out for what was announced */
  note(model: string, report: ModelReport, life?: number): void {
    const known = this.#known.get(model) ?? unknown;
    const isNewer = report.version >= known.version;
    const now = performance.now();
    this.#known.set(model, {
      life: Math.max(known.life, life ?? 0),
      version: Math.max(known.version, report.version),
      pausedUntil: Math.max(known.pausedUntil, now + report.pausedMs),
      opens: isNewer ? report.opens : known.opens,
      watchedUntil: isNewer ? now + report.watchedMs : known.watchedUntil,
    });
  }

  close(): void {
    clearInterval(this.#pinging);
    this.#isSubscribed = false;
    this.#subscriber.disconnect();
  }
}
