import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { connectRedis } from "@understudy/queues";
import { eventually, startTestRedis } from "@understudy/testkit";
import fc from "fast-check";
import type { Redis } from "ioredis";
import { ModelGate } from "../src/model-gate/model-gate.ts";
import type { ModelLimit } from "../src/model-gate/model-limits.ts";

let server: Awaited<ReturnType<typeof startTestRedis>>;
let connections: Redis[];

beforeAll(async () => {
  server = await startTestRedis();
  connections = [connectRedis(server.url, "producer"), connectRedis(server.url, "producer")];
  await eventually(() => expect(connections.map(({ status }) => status)).toEqual(["ready", "ready"]));
});

afterAll(async () => {
  for (const redis of connections) redis.disconnect();
  await server.remove();
});

let models = 0;

/** Two workers' gates with a limit on a model of the test's own. */
async function withGates(
  limit: ModelLimit,
  windowMs: number,
  use: (model: string, gates: [ModelGate, ModelGate]) => Promise<void>,
): Promise<void> {
  const model = `model-${models++}`;
  const limits = new Map([[model, limit]]);
  const gates = connections.map((redis) => new ModelGate({ redis, limits, windowMs }));
  try {
    await use(model, gates as [ModelGate, ModelGate]);
  } finally {
    for (const gate of gates) gate.close();
  }
}

const admitMany = (gates: ModelGate[], model: string, count: number, tokens = 1) =>
  Promise.all(
    Array.from({ length: count }, (_, index) => (gates[index % 2] as ModelGate).admit(model, tokens)),
  );

describe("the limits of a model", () => {
  it("are shared by all workers, and tell who comes too much when to come, one after the other", async () => {
    await withGates({ requestsPerMinute: 7 }, 60_000, async (model, gates) => {
      const admissions = await admitMany(gates, model, 20);
      expect(admissions.filter(({ kind }) => kind === "go")).toHaveLength(7);
      const delays = admissions.flatMap((admission) => (admission.kind === "wait" ? [admission] : []));
      expect(new Set(delays.map(({ why }) => why))).toEqual(new Set(["rate"]));
      const sorted = delays.map(({ delayMs }) => delayMs).sort((a, b) => a - b);
      // The first when the window has moved on (a bucket is 1 s), the others at the pace of the limit.
      expect(sorted[0]).toBeGreaterThan(60_000);
      expect(sorted[0]).toBeLessThanOrEqual(63_000);
      expect(Number(sorted.at(-1)) - Number(sorted[0])).toBeGreaterThan((12 * 60_000) / 7 - 2_000);
      expect(Math.max(...sorted)).toBeLessThanOrEqual(5 * 60_000 + 1_000);
    });
  });

  it("count tokens as well; a call that is larger than all of them goes alone", async () => {
    await withGates({ requestsPerMinute: 100, tokensPerMinute: 1_000 }, 60_000, async (model, gates) => {
      const kinds = async (count: number, tokens: number) =>
        (await admitMany(gates, model, count, tokens)).map(({ kind }) => kind);
      expect(await kinds(1, 600)).toEqual(["go"]);
      expect(await kinds(1, 401)).toEqual(["wait"]);
      expect(await kinds(1, 400)).toEqual(["go"]);
      expect(await kinds(1, 1)).toEqual(["wait"]);
    });
    await withGates({ tokensPerMinute: 1_000 }, 60_000, async (model, [gate]) => {
      expect((await gate.admit(model, 5_000)).kind).toBe("go");
      expect((await gate.admit(model, 1)).kind).toBe("wait");
    });
  });

  it("get back what was not sent, and the tokens that an answer did not need", async () => {
    await withGates({ requestsPerMinute: 2, tokensPerMinute: 1_000 }, 60_000, async (model, [one, two]) => {
      const first = await one.admit(model, 900);
      if (first.kind !== "go") throw new Error("Not admitted.");
      expect((await two.admit(model, 900)).kind).toBe("wait");
      await one.end(first.pass, "unsent");
      const second = await two.admit(model, 900);
      if (second.kind !== "go") throw new Error("Not admitted.");
      await two.end(second.pass, "answered", 40);
      expect((await one.admit(model, 961)).kind).toBe("wait");
      expect((await one.admit(model, 960)).kind).toBe("go");
      // Two requests were sent.
      expect((await one.admit(model, 0)).kind).toBe("wait");
    });
  });

  it("hold in every window, whoever comes when and with how much; and all come through", async () => {
    const windowMs = 300;
    const calls = fc.array(
      fc.record({ afterMs: fc.integer({ min: 0, max: 400 }), tokens: fc.integer({ min: 1, max: 60 }) }),
      { minLength: 5, maxLength: 25 },
    );
    const property = fc.asyncProperty(
      fc.integer({ min: 2, max: 8 }),
      fc.integer({ min: 80, max: 300 }),
      calls,
      async (requests, tokensMax, planned) => {
        const limit = { requestsPerMinute: requests, tokensPerMinute: tokensMax };
        await withGates(limit, windowMs, async (model, gates) => {
          const made = await Promise.all(
            planned.map(async ({ afterMs, tokens }, index) => {
              await sleep(afterMs);
              return untilAdmitted(gates[index % 2] as ModelGate, model, tokens);
            }),
          );
          assertWindows(made, windowMs, requests, tokensMax);
        });
      },
    );
    await fc.assert(property, { numRuns: 6, endOnFailure: true });
  });
});

interface Made {
  /** The moment of admission lies between the two. */
  askedAt: number;
  admittedAt: number;
  tokens: number;
}

async function untilAdmitted(gate: ModelGate, model: string, tokens: number): Promise<Made> {
  for (;;) {
    const askedAt = performance.now();
    const admission = await gate.admit(model, tokens);
    if (admission.kind === "go") return { askedAt, admittedAt: performance.now(), tokens };
    await sleep(admission.delayMs);
  }
}

/** No window that begins with a call holds more than the limit: of those calls that surely lie in it. */
function assertWindows(made: Made[], windowMs: number, requestsMax: number, tokensMax: number): void {
  for (const first of made) {
    const inWindow = made.filter(
      (call) => call.askedAt >= first.askedAt && call.admittedAt <= first.askedAt + windowMs,
    );
    expect(inWindow.length).toBeLessThanOrEqual(requestsMax);
    const tokens = inWindow.reduce((sum, call) => sum + Math.min(call.tokens, tokensMax), 0);
    expect(tokens).toBeLessThanOrEqual(tokensMax);
  }
}
