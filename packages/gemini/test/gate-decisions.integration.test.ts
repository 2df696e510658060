import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { connectRedis } from "@understudy/queues";
import { eventually, ScriptClock, startTestRedis } from "@understudy/testkit";
import type { Redis } from "ioredis";
import {
  type CallEnding,
  type CallPass,
  type ModelChange,
  ModelGate,
  type ModelGateOptions,
} from "../src/model-gate/model-gate.ts";

const start = Date.UTC(2026, 0, 1);
const clock = new ScriptClock(start);

let server: Awaited<ReturnType<typeof startTestRedis>>;
let redis: Redis;
let gates: ModelGate[] = [];

beforeAll(async () => {
  server = await startTestRedis();
  redis = connectRedis(server.url, "producer");
  clock.setOn(redis);
  await eventually(() => expect(redis.status).toBe("ready"));
});

afterAll(async () => {
  redis.disconnect();
  await server.remove();
});

beforeEach(async () => {
  await redis.flushall();
  clock.now = start;
  withChance(0);
});

afterEach(() => {
  for (const gate of gates) gate.close();
  gates = [];
  jest.restoreAllMocks();
});

/** What chance gives from now on, from 0 to 1. */
function withChance(chance: number): void {
  jest.spyOn(Math, "random").mockReturnValue(chance);
}

function openGate(options: Omit<ModelGateOptions, "redis"> = {}): ModelGate {
  const gate = new ModelGate({ redis, ...options });
  gates.push(gate);
  return gate;
}

const limited = (requestsPerMinute?: number, tokensPerMinute?: number) => ({
  limits: new Map([
    [
      "flash",
      {
        ...(requestsPerMinute !== undefined && { requestsPerMinute }),
        ...(tokensPerMinute !== undefined && { tokensPerMinute }),
      },
    ],
  ]),
});

async function pass(gate: ModelGate, tokens = 1): Promise<CallPass> {
  const admission = await gate.admit("flash", tokens);
  if (admission.kind !== "go") throw new Error(`Not admitted: ${admission.why}`);
  return admission.pass;
}

async function delays(gate: ModelGate, times: number): Promise<number[]> {
  const told: number[] = [];
  for (let time = 0; time < times; time++) {
    const admission = await gate.admit("flash", 1);
    told.push(admission.kind === "wait" ? admission.delayMs : 0);
  }
  return told;
}

describe("the window of a model's limits", () => {
  it("is a minute and two seconds to spare; nobody is told to come later than in five", async () => {
    const gate = openGate(limited(1));
    expect(await delays(gate, 7)).toEqual([0, 62_000, 124_000, 186_000, 248_000, 300_000, 300_000]);
  });

  it("takes the whole limit for a call that is larger, and what each call reserves for the others", async () => {
    const gate = openGate(limited(undefined, 1_000));
    expect(await pass(gate, 400)).toEqual({ model: "flash", bucket: start / 1_000, tokens: 400, probe: 0 });
    clock.now += 62_000;
    expect(await pass(gate, 5_000)).toMatchObject({ tokens: 1_000 });
    expect(await gate.admit("flash", 1)).toMatchObject({ kind: "wait", why: "rate" });
  });

  it("is asked about those models alone that have limits, once all is known to be well with the others", async () => {
    const gate = openGate(limited(1));
    expect(await gate.admit("pro", 7)).toEqual({
      kind: "go",
      pass: { model: "pro", bucket: 0, tokens: 0, probe: 0 },
    });
  });
});

describe("how long to wait", () => {
  it("is spread by a tenth of it, a second at most, so that not all come at once", async () => {
    const gate = openGate({ ...limited(1), windowMs: 1_200 });
    await pass(gate);
    // A window of 1.2 s has two buckets of 20 ms to spare.
    expect(await gate.admit("flash", 1)).toMatchObject({ delayMs: 1_240 });
    withChance(0.5);
    expect(await gate.admit("flash", 1)).toMatchObject({ delayMs: 2_480 + 124 });
    const patient = openGate(limited(1));
    await redis.flushall();
    await pass(patient);
    expect(await patient.admit("flash", 1)).toMatchObject({ delayMs: 62_000 + 500 });
    withChance(0.001);
    expect(await patient.admit("flash", 1)).toMatchObject({ delayMs: 124_000 + 1 });
  });
});

describe("a pause", () => {
  it.each([
    [0, 1_000],
    [999, 1_000],
    [1_500.2, 1_501],
    [86_400_000, 86_400_000],
    [1e12, 86_400_000],
  ])("is a second at least and a day at most, in whole milliseconds: %d", async (asked, pausedMs) => {
    const told: ModelChange[] = [];
    const gate = openGate({ onChange: (change) => told.push(change) });
    const { kind, why } = await gate.pause("flash", asked);
    expect([kind, why]).toEqual(["wait", "paused"]);
    expect(told).toEqual([{ model: "flash", change: "paused", delayMs: pausedMs }]);
  });
});

describe("the end of a call", () => {
  /** What the calls after this one may take of a limit of two requests and 100 tokens. */
  async function leftAfter(ending: CallEnding, tokensUsed?: number) {
    await redis.flushall();
    const gate = openGate(limited(2, 100));
    await gate.end(await pass(gate, 60), ending, tokensUsed);
    for (let tokens = 100; tokens > 0; tokens -= 10) {
      if ((await gate.admit("flash", tokens)).kind === "go") return tokens;
    }
    return 0;
  }

  it("gives back the tokens that were not used, and never more than were reserved", async () => {
    expect(await leftAfter("answered", 20)).toBe(80);
    expect(await leftAfter("answered", 60)).toBe(40);
    expect(await leftAfter("answered", 90)).toBe(40);
    expect(await leftAfter("answered")).toBe(40);
    expect(await leftAfter("failed")).toBe(40);
    expect(await leftAfter("unjudged", 10)).toBe(90);
  });

  it("gives back all of a call that was not sent, its request as well", async () => {
    expect(await leftAfter("unsent")).toBe(100);
    const gate = openGate(limited(1));
    await redis.flushall();
    await gate.end(await pass(gate), "unsent", 1);
    await gate.end(await pass(gate), "answered", 1);
    expect((await gate.admit("flash", 1)).kind).toBe("wait");
  });
});

describe("the breaker of a model", () => {
  const fail = async (gate: ModelGate, times: number) => {
    for (let time = 0; time < times; time++) await gate.end(await pass(gate), "failed");
  };

  it("opens at ten failures in ten seconds, for two seconds at most, then for up to thirty", async () => {
    withChance(0.5);
    const told: ModelChange[] = [];
    const gate = openGate({ onChange: (change) => told.push(change) });
    await fail(gate, 9);
    clock.now += 10_000;
    await fail(gate, 9);
    expect(told).toEqual([]);
    clock.now += 9_999;
    await fail(gate, 1);
    expect(told).toEqual([{ model: "flash", change: "breaker_opened", delayMs: 1_000 }]);
    for (let probes = 1; probes <= 5; probes++) {
      clock.now += 30_000;
      await gate.end(await pass(gate), "failed");
    }
    expect(told.map(({ delayMs }) => delayMs)).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    clock.now += 15_000;
    const probe = await pass(gate);
    withChance(0);
    expect(await gate.admit("flash", 1)).toEqual({ kind: "wait", why: "breaker", delayMs: 5_000 });
    await gate.end(probe, "answered");
    expect(told.at(-1)).toEqual({ model: "flash", change: "breaker_closed", delayMs: 0 });
    expect((await gate.admit("flash", 1)).kind).toBe("go");
  });
});

describe("a Redis that does not answer", () => {
  it("holds no call up for long, and is asked again after a while", async () => {
    const gate = openGate(limited(1));
    await pass(gate);
    const other = connectRedis(server.url, "consumer");
    await other.call("CLIENT", "PAUSE", "3000", "ALL");
    const began = performance.now();
    const longest = await Promise.all([gate.admit("flash", 1), gate.admit("flash", 1)]);
    expect(longest).toMatchObject([{ kind: "go" }, { kind: "go" }]);
    expect(performance.now() - began).toBeGreaterThan(1_900);
    // Left alone meanwhile: asked, it would answer by now that this one has to wait.
    expect((await gate.admit("flash", 1)).kind).toBe("go");
    await eventually(async () => expect((await gate.admit("flash", 1)).kind).toBe("wait"));
    other.disconnect();
  });
});
