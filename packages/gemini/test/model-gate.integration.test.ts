import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { connectRedis } from "@understudy/queues";
import { eventually, ScriptClock, startTestRedis } from "@understudy/testkit";
import type { Redis } from "ioredis";
import {
  type CallPass,
  type ModelChange,
  ModelGate,
  type ModelGateOptions,
} from "../src/model-gate/model-gate.ts";

let server: Awaited<ReturnType<typeof startTestRedis>>;
let redis: Redis;
let opened: { gate: ModelGate; redis: Redis }[] = [];

beforeAll(async () => {
  server = await startTestRedis();
});

afterAll(() => server.remove());

beforeEach(async () => {
  redis = await connect();
  await redis.flushall();
});

afterEach(() => {
  for (const { gate, redis } of opened) {
    gate.close();
    redis.disconnect();
  }
  opened = [];
  redis.disconnect();
});

/** @param clock that its scripts are told; Redis' own unless given */
async function connect(clock?: ScriptClock): Promise<Redis> {
  const connection = connectRedis(server.url, "producer");
  clock?.setOn(connection);
  await eventually(() => expect(connection.status).toBe("ready"));
  return connection;
}

/** A gate as another worker has it: on a connection of its own. */
async function openGate(
  options: Omit<ModelGateOptions, "redis"> = {},
  clock?: ScriptClock,
): Promise<ModelGate> {
  const connection = await connect(clock);
  const gate = new ModelGate({ redis: connection, ...options });
  opened.push({ gate, redis: connection });
  await eventually(async () => expect(await commandsOf(() => gate.admit("model-for-warming", 1))).toBe(0));
  return gate;
}

/** How many scripts Redis has run for `act`. */
async function commandsOf(act: () => Promise<unknown>): Promise<number> {
  const count = async () => {
    const stats = await redis.info("commandstats");
    const calls = [...stats.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)].map((match) => Number(match[1]));
    return calls.reduce((sum, number) => sum + number, 0);
  };
  const before = await count();
  await act();
  return (await count()) - before;
}

async function pass(gate: ModelGate, model: string, tokens = 1): Promise<CallPass> {
  const admission = await gate.admit(model, tokens);
  if (admission.kind !== "go") throw new Error(`Not admitted: ${admission.why}`);
  return admission.pass;
}

const kinds = async (gates: ModelGate[], model: string, count: number) => {
  const asked = Array.from({ length: count }, (_, index) => gates[index % gates.length] as ModelGate);
  return (await Promise.all(asked.map((gate) => gate.admit(model, 1)))).map(({ kind }) => kind);
};

describe("a pause", () => {
  it("holds on every worker as soon as it is told, and for that model alone", async () => {
    const [one, two] = [await openGate(), await openGate()];
    await Promise.all([pass(one, "flash"), pass(two, "flash")]);
    expect(await one.pause("flash", 60_000)).toMatchObject({ kind: "wait", why: "paused" });
    expect(await one.admit("flash", 1)).toMatchObject({ kind: "wait", why: "paused" });
    await eventually(async () => expect((await two.admit("flash", 1)).kind).toBe("wait"));
    expect(await two.admit("pro", 1)).toMatchObject({ kind: "go" });
  });

  it("is heard by the other workers, who need not ask", async () => {
    const [one, two] = [await openGate(), await openGate()];
    let models = 0;
    // A worker that has not had its turn for a while asks: its subscription may be dead.
    await eventually(async () => {
      const model = `flash-${models++}`;
      await pass(two, model);
      const asked = await commandsOf(async () => {
        await one.pause(model, 60_000);
        await eventually(async () => expect((await two.admit(model, 1)).kind).toBe("wait"));
      });
      // The one that told of the pause.
      expect(asked).toBe(1);
    });
  });

  it("is over when its time is", async () => {
    const [one, two] = [await openGate(), await openGate()];
    const began = performance.now();
    await one.pause("flash", 1_500);
    for (const gate of [two, one]) {
      await eventually(async () => expect((await gate.admit("flash", 1)).kind).toBe("go"));
      expect(performance.now() - began).toBeGreaterThanOrEqual(1_500);
    }
  });

  it("is known to a worker that starts later", async () => {
    await (await openGate()).pause("flash", 60_000);
    expect(await (await openGate()).admit("flash", 1)).toMatchObject({ kind: "wait", why: "paused" });
  });

  it("never shortens a longer one, wherever it is told", async () => {
    const [one, two] = [await openGate(), await openGate()];
    await one.pause("flash", 60_000);
    const delays = await Promise.all([two.pause("flash", 1_000), one.pause("flash", 1_000)]);
    for (const { delayMs } of [...delays, (await two.admit("flash", 1)) as { delayMs: number }]) {
      expect(delayMs).toBeGreaterThan(58_000);
    }
  });

  it("doubles with each in a row, whichever worker tells it, until any of them is answered", async () => {
    const told: number[] = [];
    const options = { onChange: ({ delayMs }: ModelChange) => told.push(delayMs) };
    const patient = new ScriptClock(Date.UTC(2026, 0, 1));
    const [one, two] = [await openGate(options, patient), await openGate(options, patient)];
    for (const gate of [one, two, one]) {
      await gate.pause("flash", 5_000);
      patient.now += 60_000;
    }
    expect(told).toEqual([5_000, 10_000, 20_000]);
    // Each knows of the pause by its own clock; another worker, which starts now, does not.
    const late = await openGate(options, patient);
    const alone = await pass(late, "flash");
    expect(await late.admit("flash", 1)).toMatchObject({ kind: "wait", why: "paused" });
    await late.end(alone, "refused");
    expect(await late.admit("flash", 1)).toMatchObject({ kind: "wait", why: "paused" });
    await late.end(alone, "answered");
    expect(await kinds([late], "flash", 3)).toEqual(["go", "go", "go"]);
    await late.pause("flash", 5_000);
    expect(told.at(-1)).toBe(5_000);
  });

  it("of no time at all is one of a second: its jobs must not spin", async () => {
    expect((await (await openGate()).pause("flash", 0)).delayMs).toBeGreaterThan(900);
  });

  it("is told to operators once", async () => {
    const told: ModelChange[] = [];
    const gates = [
      await openGate({ onChange: (change) => told.push(change) }),
      await openGate({ onChange: (change) => told.push(change) }),
    ];
    await gates[0]?.pause("flash", 60_000);
    await gates[1]?.pause("flash", 5_000);
    expect(told).toEqual([{ model: "flash", change: "paused", delayMs: 60_000 }]);
  });
});

describe("a call of a model with which all is well", () => {
  it("asks nobody", async () => {
    const gate = await openGate();
    await pass(gate, "flash");
    await eventually(async () => {
      const asked = await commandsOf(async () => {
        for (let index = 0; index < 100; index++) await gate.end(await pass(gate, "flash"), "answered");
      });
      expect(asked).toBe(0);
    });
  });

  it("asks again as long as the subscription is away, and none is missed", async () => {
    const [one, two] = [await openGate(), await openGate()];
    await pass(two, "flash");
    await redis.call("CLIENT", "KILL", "TYPE", "pubsub");
    await one.pause("flash", 60_000);
    expect((await two.admit("flash", 1)).kind).toBe("wait");
    // Subscribed anew, it asks nobody again.
    await pass(two, "pro");
    await eventually(async () => expect(await commandsOf(() => pass(two, "pro"))).toBe(0));
  });
});

describe("without Redis", () => {
  it("calls go, but not of a model whose pause is known here; when it is back all is as it was", async () => {
    const [one, two] = [
      await openGate(),
      await openGate({ limits: new Map([["pro", { requestsPerMinute: 1 }]]) }),
    ];
    await pass(two, "pro");
    await one.pause("flash", 60_000);
    await eventually(async () => expect((await two.admit("flash", 1)).kind).toBe("wait"));

    await server.kill();
    for (let index = 0; index < 3; index++) expect((await two.admit("pro", 1)).kind).toBe("go");
    await two.pause("lite", 60_000);
    for (const model of ["flash", "lite"]) expect((await two.admit(model, 1)).kind).toBe("wait");

    await server.restart();
    await eventually(async () => expect((await two.admit("pro", 1)).kind).toBe("go"));
    await eventually(async () => expect((await two.admit("pro", 1)).kind).toBe("wait"));
    await one.pause("new", 60_000);
    await eventually(async () => expect((await two.admit("new", 1)).kind).toBe("wait"));
    await redis.quit().catch(() => {});
    redis = await connect();
  });

  it("that is wiped: pauses known here are kept, and new ones are heard", async () => {
    const [one, two] = [await openGate(), await openGate()];
    await one.pause("flash", 60_000);
    await eventually(async () => expect((await two.admit("flash", 1)).kind).toBe("wait"));
    await redis.flushall();
    expect((await two.admit("flash", 1)).kind).toBe("wait");
    await one.pause("pro", 60_000);
    await eventually(async () => expect((await two.admit("pro", 1)).kind).toBe("wait"));
  });
});

/** Opens at four failures. */
const breaker = { failedMin: 4, watchMs: 30_000, openMsFirst: 400, openMsMax: 800, probeMs: 60_000 };
/** An open breaker stays open until this is moved on, however busy the machine is. */
const clock = new ScriptClock(Date.UTC(2026, 0, 1));

async function fail(gates: ModelGate[], model: string, count: number): Promise<void> {
  const passes = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const gate = gates[index % gates.length] as ModelGate;
      return { gate, pass: await pass(gate, model) };
    }),
  );
  await Promise.all(passes.map(({ gate, pass }) => gate.end(pass, "failed")));
}

describe("the breaker", () => {
  it("opens after failures of all workers, lets one probe through, and closes when that is answered", async () => {
    const told: ModelChange[] = [];
    const options = { breaker, onChange: (change: ModelChange) => told.push(change) };
    const gates = [await openGate(options, clock), await openGate(options, clock)];
    const [one, two] = gates as [ModelGate, ModelGate];
    await fail(gates, "flash", 3);
    expect(await kinds(gates, "flash", 4)).toEqual(["go", "go", "go", "go"]);
    const late = await pass(two, "flash");
    await fail(gates, "flash", 1);
    await eventually(async () =>
      expect([await one.admit("flash", 1), await two.admit("flash", 1)]).toMatchObject([
        { kind: "wait", why: "breaker" },
        { kind: "wait", why: "breaker" },
      ]),
    );
    expect(await two.admit("pro", 1)).toMatchObject({ kind: "go" });
    // A call from before says nothing now.
    await two.end(late, "answered");

    clock.now += breaker.openMsFirst;
    const probe = await pass(two, "flash");
    expect(probe.probe).toBe(1);
    expect(await kinds(gates, "flash", 6)).toEqual(Array(6).fill("wait"));
    await two.end(probe, "answered");
    await eventually(async () => expect(await kinds(gates, "flash", 6)).toEqual(Array(6).fill("go")));
    await eventually(async () => expect(await commandsOf(() => kinds(gates, "flash", 6))).toBe(0));
    expect(told.map(({ change }) => change)).toEqual(["breaker_opened", "breaker_closed"]);
  });

  it("opens anew when the probe fails, each time for longer, up to a bound; a given up probe lets another go", async () => {
    const told: number[] = [];
    const gate = await openGate({ breaker, onChange: ({ delayMs }) => told.push(delayMs) }, clock);
    await fail([gate], "flash", 4);
    for (let probes = 1; probes <= 5; probes++) {
      clock.now += breaker.openMsMax;
      const probe = await pass(gate, "flash");
      expect(probe.probe).toBe(probes);
      await gate.end(probe, "unjudged");
      await gate.end(await pass(gate, "flash"), "failed");
    }
    const longest = [400, 800, 800, 800, 800, 800];
    expect(told).toHaveLength(longest.length);
    for (const [index, openMs] of told.entries()) {
      expect(openMs).toBeGreaterThanOrEqual((longest[index] ?? 0) / 8);
      expect(openMs).toBeLessThanOrEqual(longest[index] ?? 0);
    }
  });

  it("lets another probe go when one is not heard of", async () => {
    const gate = await openGate({ breaker }, clock);
    await fail([gate], "flash", 4);
    clock.now += breaker.openMsFirst;
    await pass(gate, "flash");
    clock.now += breaker.probeMs - 1;
    expect((await gate.admit("flash", 1)).kind).toBe("wait");
    clock.now += 1;
    await pass(gate, "flash");
  });

  it("stays closed while more calls are answered than fail", async () => {
    const gates = [await openGate({ breaker }, clock), await openGate({ breaker }, clock)];
    const [one, two] = gates as [ModelGate, ModelGate];
    await fail([one], "flash", 1);
    const answered = await pass(two, "flash");
    // The other worker has heard that its answers count when it reports one.
    await eventually(async () => expect(await commandsOf(() => two.end(answered, "answered"))).toBe(1));
    for (let index = 0; index < 9; index++) await two.end(await pass(two, "flash"), "answered");
    await fail([one], "flash", 8);
    expect(await kinds(gates, "flash", 2)).toEqual(["go", "go"]);
    await fail([one], "flash", 4);
    await eventually(async () => expect(await kinds(gates, "flash", 2)).toEqual(["wait", "wait"]));
  });
});
