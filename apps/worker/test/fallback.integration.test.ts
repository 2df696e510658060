import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { findAgent, necessarySteps } from "@understudy/agents";
import type { Job } from "@understudy/contracts";
import { PriceBook } from "@understudy/ledger";
import { ModelRegistry, worstCasesOf } from "@understudy/models";
import { createLogger, parseEnvironment, type RunningService } from "@understudy/service";
import { assertInvariants, eventually, type Stack, startStack, testSecretsKeys } from "@understudy/testkit";
import { environment } from "../src/config.ts";
import { startWorker } from "../src/start-worker.ts";

const primary = "gemini-2.5-flash-lite";
/** Dearer than the primary. */
const fallback = "gemini-2.5-flash";
const input = { prompt: "When is the next show?" };

let stack: Stack;
let worker: RunningService;
const agent = findAgent("test");
if (!agent) throw new Error("The agent is gone.");

beforeEach(async () => {
  stack = await startStack({ workers: 0, emulatorDate: "2026-11-30" });
  // Both answer yet, as they did on that day.
  await stack.database.prisma.model.updateMany({ data: { retiresAt: null, routedTo: null } });
  await stack.request("PUT", "/api/ai/admin/roles", { roles: { draft: [primary, fallback] } });
  await stack.request("PUT", "/api/ai/creators/psy", {
    plan: "business",
    bucket: { ratePerHour: 1_000_000, burst: 1000 },
  });
  const config = parseEnvironment(environment, {
    DATABASE_URL: stack.databaseUrl,
    REDIS_URL: stack.redis.url,
    GEMINI_API_KEY: "emulator",
    GEMINI_BASE_URL: stack.emulatorUrl,
    UNDERSTUDY_SECRETS_KEYS: testSecretsKeys,
  });
  worker = await startWorker(config, createLogger("worker", "silent"));
});

afterEach(async () => {
  await worker.stop();
  await stack.stop();
});

async function completed(id: string): Promise<Job> {
  return eventually(async () => {
    const job = await stack.job(id);
    expect(job.status).toBe("completed");
    return job;
  });
}

const submit = () => stack.submit("test", { creatorId: "psy", input });
const callsOf = (jobId: string) =>
  stack.database.prisma.usageLog.findMany({ where: { jobId }, orderBy: { startedAt: "asc" } });

describe("the second model of a role", () => {
  it("answers while its model is paused; held at the dearer price, paid at its own", async () => {
    const registry = new ModelRegistry(stack.database, new PriceBook(stack.database));
    const whose = { creatorId: "psy", plan: "business" };
    const dearer = await worstCasesOf(registry, necessarySteps(agent, input), whose);
    const alone = necessarySteps(agent, { ...input, model: primary });
    const own = await worstCasesOf(registry, alone, whose);
    const holdUsd = dearer.byStep.get("prompt")?.toFixed();
    expect(Number(holdUsd)).toBeGreaterThan(Number(own.byStep.get("prompt")?.toFixed()));

    const usual = await submit();
    await completed(usual);
    expect(await callsOf(usual)).toMatchObject([{ status: "settled", model: primary }]);

    await stack.rule({ match: { model: primary }, respond: { status: 429, retryDelay: "60s" } });
    const refused = await submit();
    // In the same attempt: nothing is to be waited for.
    expect(await completed(refused)).toMatchObject({ attempts: 1, usage: { calls: 2 } });
    expect(await callsOf(refused)).toMatchObject([
      { status: "released", model: primary, httpStatus: 429 },
      { status: "settled", model: fallback, httpStatus: 200 },
    ]);

    const paused = await submit();
    expect(await completed(paused)).toMatchObject({ attempts: 1, usage: { calls: 1 } });
    expect(await callsOf(paused)).toMatchObject([{ status: "settled", model: fallback }]);

    const calls = (await Promise.all([usual, refused, paused].map(callsOf))).flat();
    expect(new Set(calls.map((call) => call.holdUsd.toFixed()))).toEqual(new Set([holdUsd]));
    const priceIds = await stack.database.prisma.price.findMany({ where: { model: fallback } });
    expect(priceIds.map(({ id }) => id)).toContain(calls.at(-1)?.priceId);
    await assertInvariants(stack, [usual, refused, paused]);
  });

  it("is held off as well: the job waits for the first of the two", async () => {
    await stack.rule({ match: { model: primary }, respond: { status: 429, retryDelay: "60s" } });
    await stack.rule({ match: { model: fallback }, respond: { status: 429, retryDelay: "2s" }, times: 1 });
    const id = await submit();
    await completed(id);
    expect((await callsOf(id)).map((call) => [call.model, call.httpStatus])).toEqual([
      [primary, 429],
      [fallback, 429],
      [fallback, 200],
    ]);
    await assertInvariants(stack, [id]);
  });
});

describe("a model that Gemini does not have any more", () => {
  const gone = (model: string) =>
    stack.rule({
      match: { model },
      respond: { status: 404, text: `This model models/${model} is no longer available.` },
    });

  it("gives way to the next of its role in the same attempt, and is not asked again", async () => {
    await gone(primary);
    const first = await submit();
    expect(await completed(first)).toMatchObject({ attempts: 1, usage: { calls: 2 } });
    const calls = await callsOf(first);
    expect(calls).toMatchObject([
      { status: "released", model: primary, httpStatus: 404 },
      { status: "settled", model: fallback },
    ]);
    expect(calls[0]?.holdUsd.toFixed()).toBe(calls[1]?.holdUsd.toFixed());

    const second = await submit();
    expect(await completed(second)).toMatchObject({ usage: { calls: 1 } });
    const told = await stack.database.prisma.alert.findMany({ where: { type: "model_unavailable" } });
    // Output of the second costs six times as much.
    expect(told).toMatchObject([
      { payload: { model: primary, next: fallback, apiVersion: "v1beta", priceRatio: "6.25" } },
    ]);
    await assertInvariants(stack, [first, second]);
  });

  it("fails the job where there is no next", async () => {
    await gone(primary);
    await gone(fallback);
    const id = await submit();
    const failed = await eventually(async () => {
      const job = await stack.job(id);
      expect(job.status).toBe("failed");
      return job;
    });
    expect(failed.error).toMatchObject({ code: "model_unavailable", retryable: true });
    expect(failed.usage.costUsd).toBe("0");
    await assertInvariants(stack, [id]);
  });
});
