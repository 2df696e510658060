import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Job } from "@understudy/contracts";
import { connectRedis } from "@understudy/queues";
import { assertInvariants, eventually, type Stack, startStack } from "@understudy/testkit";

const paused = "gemini-2.5-pro";
const failing = "gemini-2.5-flash-lite";
const limited = "gemini-3.1-flash-lite";
const limitedMax = 5;

let stack: Stack;
let redis: ReturnType<typeof connectRedis>;
const accepted: string[] = [];
let limitedJobs: string[];

beforeAll(async () => {
  stack = await startStack({ workers: 2, environment: { GEMINI_LIMITS: `${limited}=${limitedMax}rpm` } });
  redis = connectRedis(stack.redis.url, "consumer");
  await stack.request("PUT", "/api/ai/creators/psy", {
    plan: "business",
    bucket: { ratePerHour: 1_000_000, burst: 1000 },
  });
  // Two of these wait for a minute and more: looked at last.
  limitedJobs = await submitMany(limited, limitedMax + 2);
});

afterAll(async () => {
  redis.disconnect();
  await stack.stop();
});

async function submit(model: string, prompt: string): Promise<string> {
  const id = await stack.submit("test", { creatorId: "psy", input: { prompt, model } });
  accepted.push(id);
  return id;
}

const submitMany = (model: string, count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => submit(model, `${model}, number ${index}`)));

const allEnded = (ids: string[], status: Job["status"], timeoutMs = 60_000) =>
  eventually(async () => {
    const statuses = await Promise.all(ids.map(async (id) => (await stack.job(id)).status));
    expect(statuses).toEqual(ids.map(() => status));
  }, timeoutMs);

const callsOf = (model: string) =>
  stack.database.prisma.usageLog.findMany({ where: { model }, orderBy: { startedAt: "asc" } });

/** When requests of a model came to the emulator, in ms since 1970. */
async function arrivals(model: string): Promise<number[]> {
  const response = await fetch(`${stack.emulatorUrl}/_emulator/bill`);
  const { calls } = (await response.json()) as { calls: { model: string; at: string }[] };
  return calls.filter((call) => call.model === model).map((call) => Date.parse(call.at));
}

const openings = async (model: string) =>
  Number((await redis.hget(`understudy:{model-${model}}:state`, "opens")) ?? 0);

/** How long a call that was admitted before a pause may take until it is written down. */
const underWayMs = 250;

describe("a 429", () => {
  it("pauses its model on all workers and no other, and uses up no attempt", async () => {
    const rule = { match: { contains: "patient" }, respond: { status: 429, retryDelay: "3s" }, times: 4 };
    await stack.rule(rule);
    const patient = await submit(paused, "patient");
    await eventually(async () =>
      expect(await stack.job(patient)).toMatchObject({ status: "queued", waitingFor: "provider" }),
    );

    const [refusedAt = 0] = await arrivals(paused);
    const [others, free] = await Promise.all([submitMany(paused, 10), submitMany("gemini-2.5-flash", 10)]);
    await allEnded(free, "completed");
    // What is paused has been taken up meanwhile, and stands back.
    await eventually(async () => {
      const waiting = await Promise.all(others.map(async (id) => (await stack.job(id)).waitingFor));
      expect(waiting).toEqual(others.map(() => "provider"));
    });
    const freed = (await callsOf("gemini-2.5-flash")).map((call) => Number(call.settledAt));
    expect(Math.max(...freed)).toBeLessThan(refusedAt + 3_000);
    await allEnded([patient, ...others], "completed");

    const [, second = 0] = await arrivals(paused);
    expect(second - refusedAt).toBeGreaterThanOrEqual(3_000);
    const calls = await callsOf(paused);
    const refused = calls.filter((call) => call.httpStatus === 429);
    expect(refused).toHaveLength(4);
    for (const { settledAt } of refused) {
      const during = calls
        .map((call) => Number(call.startedAt) - Number(settledAt))
        .filter((afterMs) => afterMs > underWayMs && afterMs < 2_900);
      expect(during).toEqual([]);
    }
    expect((await stack.job(patient)).attempts).toBe(1);
    const { tries, attempt } = await stack.database.prisma.job.findUniqueOrThrow({ where: { id: patient } });
    expect(tries).toBe(0);
    expect(attempt).toBeGreaterThanOrEqual(5);
  });
});

describe("a storm of 503", () => {
  it("opens the model's breaker: one call at a time tries it, until one is answered", async () => {
    await stack.rule({ match: { model: failing }, respond: { status: 503 } });
    const jobs = await submitMany(failing, 30);
    await eventually(async () => expect(await openings(failing)).toBeGreaterThan(0));
    await eventually(async () => {
      const started = { where: { model: failing, status: "started" } } as const;
      expect(await stack.database.prisma.usageLog.count(started)).toBe(0);
    });
    const before = { openings: await openings(failing), calls: (await arrivals(failing)).length };
    await eventually(async () => expect(await openings(failing)).toBeGreaterThanOrEqual(before.openings + 2));
    const probes = (await arrivals(failing)).length - before.calls;
    const failed = (await openings(failing)) - before.openings;
    // One may be under way.
    expect(probes).toBeLessThanOrEqual(failed + 1);

    await fetch(`${stack.emulatorUrl}/_emulator/rules`, { method: "DELETE" });
    await allEnded(jobs, "completed", 120_000);
    expect(await openings(failing)).toBe(0);
  });
});

describe("configured requests a minute", () => {
  it("are kept by all workers together", async () => {
    await allEnded(limitedJobs, "completed", 140_000);
    const came = await arrivals(limited);
    expect(came).toHaveLength(limitedMax + 2);
    for (const [index, at] of came.slice(limitedMax).entries()) {
      expect(at - (came[index] ?? 0)).toBeGreaterThanOrEqual(60_000);
    }
    // Not spread over the minute: what is free is used at once.
    expect((came[limitedMax - 1] ?? 0) - (came[0] ?? 0)).toBeLessThan(30_000);
  });
});

it("the invariants hold at the end", () => assertInvariants(stack, accepted));
