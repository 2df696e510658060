import { afterAll, beforeAll, beforeEach, expect } from "@jest/globals";
import { connectRedis } from "@understudy/queues";
import { eventually, ScriptClock, startTestRedis } from "@understudy/testkit";
import type { Redis } from "ioredis";
import {
  GateScripts,
  type ModelReport,
  newsChannel,
  readAnnouncement,
} from "../src/model-gate/gate-scripts.ts";
import type { CallEnding } from "../src/model-gate/model-gate.ts";

/** When each test begins, by the clock that the scripts are told. */
export const start = Date.UTC(2026, 0, 1);

export const clock = new ScriptClock(start);
export let redis: Redis;
export let scripts: GateScripts;

let server: Awaited<ReturnType<typeof startTestRedis>>;
let subscriber: Redis;
let news: { model: string; report: ModelReport }[] = [];

beforeAll(async () => {
  server = await startTestRedis();
  redis = connectRedis(server.url, "producer");
  subscriber = connectRedis(server.url, "consumer");
  subscriber.on("message", (_channel: string, message: string) => {
    const heard = readAnnouncement(message);
    if (heard) news.push(heard);
  });
  await subscriber.subscribe(newsChannel);
  clock.setOn(redis);
  scripts = new GateScripts(redis);
  await eventually(() => expect(redis.status).toBe("ready"));
});

afterAll(async () => {
  for (const connection of [redis, subscriber]) connection.disconnect();
  await server.remove();
});

beforeEach(async () => {
  await redis.flushall();
  clock.now = start;
  await announced();
});

/** What was announced since this was asked last. */
export async function announced(): Promise<typeof news> {
  // Answered after all that was announced before it.
  await subscriber.ping();
  const heard = news;
  news = [];
  return heard;
}

/** A minute of 60 buckets, and two to spare: what is admitted counts for so long. */
export const bucketMs = 1_000;
export const buckets = 62;
export const windowMs = bucketMs * buckets;

interface Limits {
  requests?: number;
  tokensMax?: number;
  tokens?: number;
  probeMs?: number;
  waitMsMax?: number;
}

export function admit(limits: Limits = {}, model = "flash") {
  const { requests = 0, tokensMax = 0, tokens = 0, probeMs = 10_000, waitMsMax = 300_000 } = limits;
  return scripts.admitCall(model, requests, tokensMax, tokens, bucketMs, buckets, probeMs, waitMsMax);
}

/** Opens at three failures in ten seconds. */
const breaker = { failedMin: 3, watchMs: 10_000, openMsFirst: 800, openMsMax: 2_000 };

interface End {
  probe?: number;
  bucket?: number;
  requestsBack?: number;
  tokensBack?: number;
  /** 0 to 1: which part of the longest opening is taken. */
  random?: number;
  failedMin?: number;
}

export function end(outcome: CallEnding, ended: End = {}, model = "flash") {
  const { probe = 0, bucket = 0, requestsBack = 0, tokensBack = 0, random = 1 } = ended;
  const { failedMin, watchMs, openMsFirst, openMsMax } = { ...breaker, ...ended };
  return scripts.endCall(
    model,
    outcome,
    probe,
    bucket,
    requestsBack,
    tokensBack,
    random,
    failedMin,
    watchMs,
    openMsFirst,
    openMsMax,
  );
}
