import { EventEmitter } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Redis } from "ioredis";
import { JobNews, type StreamNews } from "../src/job-stream/job-news.ts";

/** A connection that answers as a test says. */
class Subscriber extends EventEmitter {
  readonly sent: string[] = [];
  answer: () => Promise<void> = async () => {};

  subscribe(channel: string): Promise<void> {
    this.sent.push(`subscribe ${channel}`);
    return this.answer();
  }

  unsubscribe(channel: string): Promise<void> {
    this.sent.push(`unsubscribe ${channel}`);
    return this.answer();
  }

  disconnect(): void {
    this.sent.push("disconnect");
  }
}

/** A connection over which something is said. */
class Publisher extends EventEmitter {
  readonly said: string[] = [];
  answer: () => Promise<void> = async () => {};

  publish(channel: string, message: string): Promise<void> {
    this.said.push(`${channel} ${message}`);
    return this.answer();
  }
}

let subscriber: Subscriber;
let publisher: Publisher;
let news: JobNews;
let heard: [who: string, news: StreamNews | undefined][];

beforeEach(() => {
  subscriber = new Subscriber();
  publisher = new Publisher();
  news = new JobNews(subscriber as unknown as Redis, publisher as unknown as Redis);
  expect(subscriber.sent.splice(0)).toEqual(["subscribe understudy:who-reads"]);
  heard = [];
});

afterEach(() => {
  news.close();
  jest.useRealTimers();
});

const channelOf = (jobId: string) => `{job:${jobId}}:events`;
const listen = (jobId: string, who: string) => news.on(jobId, (told) => heard.push([who, told]));

/** Those who heard since this was asked last. */
async function whoHeard(): Promise<string[]> {
  await nextTurn();
  return heard.splice(0).map(([who]) => who);
}

/** As append-1.lua tells that something was written. */
function tell(jobId: string): void {
  const message = { after: "1-0", attempt: 2, entries: [["2-0", "token", "draft", 4, "Hi"]] };
  subscriber.emit("message", channelOf(jobId), JSON.stringify(message));
}

describe("who watches a job", () => {
  it("hears once as soon as more would be heard, and then what is written", async () => {
    listen("job_1", "one");
    expect(heard).toEqual([]);
    await nextTurn();
    expect(heard.splice(0)).toEqual([["one", undefined]]);
    tell("job_1");
    const entry = { id: "2-0", attempt: 2, kind: "token", step: "draft", at: 4, text: "Hi" };
    expect(heard.splice(0)).toEqual([["one", { after: "1-0", entries: [entry] }]]);
    subscriber.emit("message", channelOf("job_1"), "");
    expect(heard).toEqual([["one", undefined]]);
  });

  it("hears nothing of other jobs", async () => {
    listen("job_1", "one");
    listen("job_2", "two");
    expect(await whoHeard()).toEqual(["one", "two"]);
    tell("job_2");
    tell("job_3");
    expect(await whoHeard()).toEqual(["two"]);
  });

  it("shares one subscription with others who watch it", async () => {
    const stopOne = listen("job_1", "one");
    await whoHeard();
    const stopTwo = listen("job_1", "two");
    tell("job_1");
    expect(await whoHeard()).toEqual(["one", "two"]);
    stopOne();
    tell("job_1");
    expect(await whoHeard()).toEqual(["two"]);
    expect(subscriber.sent).toEqual([`subscribe ${channelOf("job_1")}`]);
    stopTwo();
    stopTwo();
    tell("job_1");
    expect(await whoHeard()).toEqual([]);
    expect(subscriber.sent.slice(1)).toEqual([`unsubscribe ${channelOf("job_1")}`]);
  });

  it("may begin anew, and is not disturbed by who has stopped before", async () => {
    const stop = listen("job_1", "one");
    stop();
    listen("job_1", "two");
    stop();
    tell("job_1");
    expect(await whoHeard()).toContain("two");
    const channel = channelOf("job_1");
    expect(subscriber.sent).toEqual([
      `subscribe ${channel}`,
      `unsubscribe ${channel}`,
      `subscribe ${channel}`,
    ]);
  });

  it("is told of each job that something may have been missed, when Redis is back", async () => {
    listen("job_1", "one");
    listen("job_2", "two");
    listen("job_3", "three")();
    await whoHeard();
    subscriber.emit("ready");
    expect(heard).toEqual([
      ["one", undefined],
      ["two", undefined],
    ]);
  });

  it("hears nothing, and nobody fails, while Redis is away", async () => {
    subscriber.answer = () => Promise.reject(new Error("Connection is closed."));
    listen("job_1", "one")();
    listen("job_1", "two");
    expect(await whoHeard()).toEqual([]);
    news.close();
    expect(subscriber.sent.at(-1)).toBe("disconnect");
  });
});

describe("the workers", () => {
  const said = () => publisher.said.splice(0);

  it("are told of each job that is watched, once for all who watch it", () => {
    const stop = listen("job_1", "one");
    listen("job_1", "two");
    listen("job_2", "one");
    expect(said()).toEqual(["understudy:read-jobs job_1", "understudy:read-jobs job_2"]);
    stop();
    listen("job_1", "one");
    expect(said()).toEqual([]);
  });

  it("are told of all again when one asks, when Redis is back, and every 15 seconds, while they are watched", () => {
    jest.useFakeTimers();
    news.close();
    news = new JobNews(subscriber as unknown as Redis, publisher as unknown as Redis);
    listen("job_1", "one");
    const stop = listen("job_2", "one");
    said();
    const both = ["understudy:read-jobs job_1,job_2"];
    subscriber.emit("message", "understudy:who-reads", "");
    expect(said()).toEqual(both);
    publisher.emit("ready");
    expect(said()).toEqual(both);
    jest.advanceTimersByTime(15_000);
    expect(said()).toEqual(both);
    stop();
    jest.advanceTimersByTime(15_000);
    expect(said()).toEqual(["understudy:read-jobs job_1"]);
    news.close();
    publisher.emit("ready");
    jest.advanceTimersByTime(60_000);
    expect(said()).toEqual([]);
  });

  it("hear nothing where nobody watches, and nobody fails while Redis is away", async () => {
    publisher.emit("ready");
    expect(said()).toEqual([]);
    publisher.answer = () => Promise.reject(new Error("Redis is away."));
    listen("job_1", "one");
    expect(await whoHeard()).toEqual(["one"]);
  });
});
