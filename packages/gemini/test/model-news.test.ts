import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Redis } from "ioredis";
import type { ModelReport } from "../src/model-gate/gate-scripts.ts";
import { ModelNews } from "../src/model-gate/model-news.ts";

/** A connection that answers as a test says, on a clock that a test moves on. */
class Subscriber extends EventEmitter {
  readonly subscribed: string[] = [];
  readonly disconnected: (boolean | undefined)[] = [];
  pings = 0;
  /** How the commands that are sent from now on are answered. */
  answer: () => Promise<void> = async () => {};

  async subscribe(channel: string): Promise<void> {
    this.subscribed.push(channel);
    await this.answer();
  }

  async ping(): Promise<void> {
    this.pings++;
    await this.answer();
  }

  disconnect(reconnect?: boolean): void {
    this.disconnected.push(reconnect);
  }
}

let subscriber: Subscriber;
let options: object;
let news: ModelNews;

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** The connection is there, and what is sent first over it is answered at once. */
async function connect(): Promise<void> {
  subscriber.emit("ready");
  await pass(0);
}

const never = () => new Promise<void>(() => {});
const lost = () => Promise.reject(new Error("Connection is closed."));

function report(version: number, more: Partial<ModelReport> = {}): ModelReport {
  return { version, pausedMs: 0, opens: 0, watchedMs: 0, ...more };
}

/** As it is known after Redis was asked. */
const read = (more: Partial<ModelReport> = {}, version = 1) =>
  news.note("flash", report(version, more), news.life);

beforeEach(() => {
  jest.useFakeTimers();
  subscriber = new Subscriber();
  const duplicate = (own: object) => {
    options = own;
    return subscriber;
  };
  news = new ModelNews({ duplicate } as unknown as Redis);
});

afterEach(() => {
  news.close();
  jest.useRealTimers();
});

describe("a model of which all is known", () => {
  it("needs no question once it was read over a connection that has subscribed", async () => {
    expect([news.life, news.mustAsk("flash")]).toEqual([0, true]);
    await connect();
    expect(subscriber.subscribed).toEqual(["understudy:model-news"]);
    expect([news.life, news.mustAsk("flash")]).toEqual([1, true]);
    read();
    expect([news.mustAsk("flash"), news.mustAsk("pro")]).toEqual([false, true]);
  });

  it("has to be read again where changes may have been missed, and after what was read before they were heard", async () => {
    await connect();
    read();
    subscriber.emit("close");
    expect([news.life, news.mustAsk("flash")]).toEqual([0, true]);
    news.note("flash", report(2), news.life);
    await connect();
    expect([news.life, news.mustAsk("flash")]).toEqual([2, true]);
    news.note("flash", report(3), 1);
    expect(news.mustAsk("flash")).toBe(true);
    read({}, 4);
    expect(news.mustAsk("flash")).toBe(false);
    // What was asked before and answered late takes nothing away.
    news.note("flash", report(1), 1);
    expect(news.mustAsk("flash")).toBe(false);
  });

  it("has to be read as long as nobody has subscribed", async () => {
    subscriber.answer = lost;
    await connect();
    expect(news.life).toBe(0);
    subscriber.answer = never;
    await connect();
    read();
    expect([news.life, news.mustAsk("flash")]).toEqual([0, true]);
  });

  it("has to be asked about while its breaker is open", async () => {
    await connect();
    read({ opens: 1 });
    expect(news.mustAsk("flash")).toBe(true);
    read({ opens: 0 }, 2);
    expect(news.mustAsk("flash")).toBe(false);
  });
});

describe("a subscription", () => {
  it("is tried twice a second, and counts for a second and a half after what was answered had been sent", async () => {
    await connect();
    read();
    await pass(500);
    expect(subscriber.pings).toBe(1);
    subscriber.answer = never;
    await pass(1_499);
    expect([subscriber.pings, news.mustAsk("flash")]).toEqual([3, false]);
    await pass(1);
    expect([subscriber.pings, news.mustAsk("flash")]).toEqual([4, true]);
    subscriber.answer = async () => {};
    await pass(500);
    expect(news.mustAsk("flash")).toBe(false);
  });

  it("is no younger for an answer that took long", async () => {
    await connect();
    read();
    let answer = () => {};
    subscriber.answer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await pass(500);
    const late = answer;
    subscriber.answer = never;
    await pass(1_400);
    late();
    await pass(0);
    expect(news.mustAsk("flash")).toBe(false);
    await pass(100);
    expect(news.mustAsk("flash")).toBe(true);
  });

  it("is not made older by an answer that comes behind a later one", async () => {
    await connect();
    read();
    let answer = () => {};
    subscriber.answer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await pass(500);
    const late = answer;
    subscriber.answer = async () => {};
    await pass(500);
    late();
    subscriber.answer = never;
    await pass(1_499);
    expect(news.mustAsk("flash")).toBe(false);
  });

  it("that is dead is made anew after ten seconds, and not before", async () => {
    await connect();
    subscriber.answer = never;
    await pass(10_000);
    expect(subscriber.disconnected).toEqual([]);
    await pass(500);
    expect([subscriber.disconnected, subscriber.pings]).toEqual([[true], 20]);
  });

  it("is not tried before it is there, nor when it is gone, and a try that fails changes nothing", async () => {
    await pass(11_000);
    expect([subscriber.pings, subscriber.disconnected]).toEqual([0, []]);
    await connect();
    subscriber.answer = lost;
    await pass(500);
    expect(subscriber.pings).toBe(1);
    subscriber.emit("close");
    await pass(11_000);
    expect([subscriber.pings, subscriber.disconnected]).toEqual([1, []]);
  });

  it("ends when it is closed", async () => {
    await connect();
    read();
    news.close();
    await pass(20_000);
    expect([subscriber.pings, subscriber.disconnected, news.life]).toEqual([0, [undefined], 0]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("waits for Redis for ever, and is made by nobody else", () => {
    expect(options).toEqual({ enableOfflineQueue: true, maxRetriesPerRequest: null, autoResubscribe: false });
  });

  it("outlives a fault of its connection", () => {
    expect(() => subscriber.emit("error", new Error("refused"))).not.toThrow();
  });
});

describe("what is announced", () => {
  it("is noted of its model, and what is none of ours is not", async () => {
    await connect();
    read();
    subscriber.emit("message", "understudy:model-news", "flash 2 0 1 0");
    subscriber.emit("message", "understudy:model-news", "flash is well");
    expect(news.mustAsk("flash")).toBe(true);
    subscriber.emit("message", "understudy:model-news", "flash 3 5000 0 700");
    expect([news.mustAsk("flash"), news.pausedMs("flash"), news.isWatched("flash")]).toEqual([
      ...[false, 5_000, true],
    ]);
    // Its announcement alone is not all that is known of a model.
    subscriber.emit("message", "understudy:model-news", "pro 3 0 0 0");
    expect(news.mustAsk("pro")).toBe(true);
  });

  it("counts where it is not older than what is known", async () => {
    await connect();
    read({ opens: 2, watchedMs: 900 }, 7);
    news.note("flash", report(6, { opens: 0, watchedMs: 0 }));
    expect([news.mustAsk("flash"), news.isWatched("flash")]).toEqual([true, true]);
    news.note("flash", report(7, { opens: 0, watchedMs: 0 }));
    expect([news.mustAsk("flash"), news.isWatched("flash")]).toEqual([false, false]);
    news.note("flash", report(6, { opens: 1, watchedMs: 900 }));
    expect([news.mustAsk("flash"), news.isWatched("flash")]).toEqual([false, false]);
  });
});

describe("a pause", () => {
  it("lasts as long as was told, to the millisecond", async () => {
    expect(news.pausedMs("flash")).toBe(0);
    news.note("flash", report(1, { pausedMs: 300 }));
    await pass(299);
    expect(news.pausedMs("flash")).toBe(1);
    await pass(1);
    expect(news.pausedMs("flash")).toBe(0);
    await pass(1);
    expect(news.pausedMs("flash")).toBe(0);
  });

  it("is never made shorter, wherever it is told", () => {
    news.pauseHere("flash", 500);
    news.pauseHere("flash", 300);
    news.note("flash", report(9, { pausedMs: 400 }));
    news.note("flash", report(10, { pausedMs: 0 }));
    expect([news.pausedMs("flash"), news.pausedMs("pro")]).toEqual([500, 0]);
    news.pauseHere("flash", 600);
    expect(news.pausedMs("flash")).toBe(600);
    news.note("flash", report(11, { pausedMs: 700 }));
    expect(news.pausedMs("flash")).toBe(700);
  });

  it("told here changes nothing else that is known", async () => {
    await connect();
    read({ watchedMs: 800 });
    news.pauseHere("flash", 500);
    expect([news.mustAsk("flash"), news.isWatched("flash")]).toEqual([false, true]);
  });
});

describe("a model that is watched", () => {
  it("is so for as long as was told, to the millisecond", async () => {
    expect(news.isWatched("flash")).toBe(false);
    news.note("flash", report(1, { watchedMs: 200 }));
    await pass(199);
    expect(news.isWatched("flash")).toBe(true);
    await pass(1);
    expect(news.isWatched("flash")).toBe(false);
  });
});
