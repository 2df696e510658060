import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import type { Redis } from "ioredis";
import { type LastHeard, watchLastHeard } from "../src/last-heard.ts";

let isRedisAway: boolean;
let heldSeconds: number;
let heard: LastHeard;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask"] });
  [isRedisAway, heldSeconds] = [false, 1];
  const ping = async () => {
    if (isRedisAway) throw new Error("away");
  };
  heard = watchLastHeard({ ping } as unknown as Redis, { heldSeconds: () => heldSeconds });
});

afterEach(async () => {
  await heard.stop();
  jest.useRealTimers();
});

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

it.each(["Redis", "Postgres"])(
  "a worker is not healthy after a minute without %s, and is again after that",
  async (which) => {
    await pass(120_000);
    expect(heard.isHealthy()).toBe(true);
    if (which === "Redis") isRedisAway = true;
    else heldSeconds = 0;
    await pass(54_999);
    expect(heard.isHealthy()).toBe(true);
    await pass(10_000);
    expect(heard.isHealthy()).toBe(false);
    [isRedisAway, heldSeconds] = [false, 1];
    await pass(5_000);
    expect(heard.isHealthy()).toBe(true);
  },
);
