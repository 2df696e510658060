import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { JobStatus } from "@understudy/contracts";
import { assertInvariants, eventually, type Stack, startStack } from "@understudy/testkit";
import { callsOfJob, jobThatEnds } from "./job-run.ts";

let stack: Stack;
const accepted: string[] = [];

beforeAll(async () => {
  stack = await startStack({ environment: { WORKER_ATTEMPT_SECONDS: "8" } });
  await stack.request("PUT", "/api/ai/creators/psy", { plan: "business" });
});

afterAll(async () => {
  await stack.stop();
});

async function submit(agent: string, input: object): Promise<string> {
  const id = await stack.submit(agent, { creatorId: "psy", input });
  accepted.push(id);
  return id;
}

const ended = (id: string, status: JobStatus) => jobThatEnds(stack, id, status, 60_000);

const callsOf = (jobId: string) => callsOfJob(stack, jobId);

describe("what Gemini answers decides how the job ends", () => {
  it("a limit in the midst of a text: completed, and the result says so", async () => {
    const respond = { text: "Once upon", finishReason: "MAX_TOKENS" };
    await stack.rule({ match: { contains: "marker-cut" }, respond });
    const job = await ended(await submit("test", { prompt: "marker-cut" }), "completed");
    expect(job.result).toEqual({ text: expect.stringMatching(/^Once/), truncated: true });
    const whole = await ended(await submit("test", { prompt: "whole" }), "completed");
    expect(whole.result).toEqual({ text: expect.any(String) });
  });

  it.each(["LANGUAGE", "OTHER", "MALFORMED_RESPONSE", "A_REASON_OF_TOMORROW"])(
    "a refusal by any name: blocked, after one call: %s",
    async (finishReason) => {
      await stack.rule({
        match: { contains: `marker-${finishReason}` },
        respond: { finishReason, text: "" },
      });
      const job = await ended(await submit("test", { prompt: `marker-${finishReason}` }), "blocked");
      expect(job).toMatchObject({ usage: { calls: 1 }, attempts: 1 });
      expect(job.error?.message).toContain(finishReason);
    },
  );

  it("503: tried again after a pause, a row for each call, and no cost for the refused one", async () => {
    await stack.rule({ match: { contains: "marker-503" }, respond: { status: 503 }, times: 2 });
    const job = await ended(await submit("test", { prompt: "marker-503" }), "completed");
    expect(job).toMatchObject({ attempts: 3, usage: { calls: 3 } });
    const calls = await callsOf(job.id);
    expect(calls.map((call) => [call.status, call.httpStatus])).toEqual([
      ["released", 503],
      ["released", 503],
      ["settled", 200],
    ]);
  });

  it("503 for ever: fails by name once the attempts are used up", async () => {
    await stack.rule({ match: { contains: "marker-down" }, respond: { status: 503 } });
    const job = await ended(await submit("test", { prompt: "marker-down" }), "failed");
    expect(job.error).toMatchObject({ code: "provider_unavailable", retryable: true });
    expect(job.attempts).toBe(5);
  });

  it("429: no call before the time that it names, twice that when it goes on, and no attempt used up", async () => {
    await stack.rule({
      match: { contains: "marker-429" },
      respond: { status: 429, retryDelay: "2s" },
      times: 3,
    });
    // Of one model alone: another of its role would be asked at once.
    const id = await submit("test", { prompt: "marker-429", model: "gemini-3.5-flash-lite" });
    await eventually(async () =>
      expect(await stack.job(id)).toMatchObject({ status: "queued", waitingFor: "provider", attempts: 1 }),
    );
    const job = await ended(id, "completed");
    expect(job.attempts).toBe(1);
    const calls = await callsOf(job.id);
    expect(calls.map((call) => call.httpStatus)).toEqual([429, 429, 429, 200]);
    for (const [index, call] of calls.slice(1).entries()) {
      const pausedMs = 2_000 * 2 ** index;
      expect(Number(call.startedAt) - Number(calls[index]?.settledAt)).toBeGreaterThanOrEqual(pausedMs - 10);
    }
    const { tries } = await stack.database.prisma.job.findUniqueOrThrow({ where: { id } });
    expect(tries).toBe(0);
  });

  it("400: fails at once, as trying again can't help", async () => {
    await stack.rule({ match: { contains: "marker-400" }, respond: { status: 400 }, times: 1 });
    const job = await ended(await submit("test", { prompt: "marker-400" }), "failed");
    expect(job).toMatchObject({ attempts: 1, error: { code: "provider_refused", retryable: false } });
    // In the provider's own words.
    expect(await callsOf(job.id)).toMatchObject([
      { httpStatus: 400, providerMessage: expect.stringMatching(/\w/) },
    ]);
  });

  it("a blocked prompt: blocked, never asked again, its input billed", async () => {
    await stack.rule({ match: { contains: "marker-blocked" }, respond: { blockReason: "SAFETY" }, times: 1 });
    const job = await ended(await submit("test", { prompt: "marker-blocked" }), "blocked");
    expect(job).toMatchObject({
      attempts: 1,
      error: { code: "safety", retryable: false },
      usage: { calls: 1, outputTokens: 0 },
    });
    expect(job.usage.costUsd).not.toBe("0");
  });

  it("an answer that Gemini broke off for safety: blocked as well", async () => {
    await stack.rule({
      match: { contains: "marker-safety" },
      respond: { finishReason: "SAFETY", text: "" },
      times: 1,
    });
    await ended(await submit("test", { prompt: "marker-safety" }), "blocked");
  });

  it("an answer that does not fit its schema, nor its repair: failed by name, and paid for", async () => {
    await stack.rule({ match: { contains: "marker-invalid" }, respond: { text: "this is not JSON" } });
    const job = await ended(await submit("messaging", { fanId: "f", message: "marker-invalid" }), "failed");
    expect(job.error?.code).toBe("output_invalid");
    expect(job.error?.message).not.toContain("not JSON");
    expect(job.usage.costUsd).not.toBe("0");
  });

  it("no usage: the cost is the upper bound, flagged", async () => {
    await stack.rule({
      match: { contains: "marker-usage" },
      respond: { usageMetadata: { candidatesTokenCount: 3 } },
      times: 1,
    });
    const job = await ended(await submit("test", { prompt: "marker-usage" }), "completed");
    const [call] = await callsOf(job.id);
    expect(call).toMatchObject({ status: "settled", estimated: true });
    expect(call?.costUsd?.toFixed()).toBe(call?.holdUsd.toFixed());
    // The second calculation has nothing to go by here.
    accepted.length = 0;
  });

  it("an answer that never comes, or not whole: tried again; the lost call becomes unknown with its bound", async () => {
    const faults = [{ hang: true }, { reset: true }, { closeAfterBytes: 20 }];
    const ids = await Promise.all(
      faults.map(async (respond, index) => {
        const prompt = `marker-lost ${index}`;
        await stack.rule({ match: { contains: prompt }, respond, times: 1 });
        return submit("test", { prompt });
      }),
    );
    for (const id of ids) {
      expect((await ended(id, "completed")).attempts).toBe(2);
      await eventually(
        async () => expect((await callsOf(id)).map((call) => call.status)).toEqual(["unknown", "settled"]),
        60_000,
      );
    }
    const spend = await stack.database.prisma.account.findFirstOrThrow({ where: { creatorId: "psy" } });
    expect(spend.unknownUsd.gt(0)).toBe(true);
  });
});

describe("a worker", () => {
  it("logs no prompt, no reply and no key", async () => {
    const id = await submit("messaging", { fanId: "f", message: "my secret marker-secret" });
    const job = await ended(id, "completed");
    const { response } = job.result as { response: string };
    const output = stack.workers.map((worker) => worker.output()).join("") + stack.api.output();
    for (const secret of ["marker-secret", "marker-invalid", response, stack.adminKey])
      expect(output).not.toContain(secret);
  });
});

it("the invariants hold at the end", async () => {
  // The call without usage is priced by its bound: it is left out by looking at all others.
  await stack.database.prisma.usageLog.findFirstOrThrow({ where: { estimated: true } });
  await expect(assertInvariants(stack, accepted, 3)).rejects.toThrow(
    /^Invariants do not hold:\nC: call_\w+ cost \S+ but the bill says \S+$/,
  );
});
