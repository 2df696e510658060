import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Job, JobStatus } from "@understudy/contracts";
import type { JobStreamEntry } from "@understudy/queues";
import { assertInvariants, eventually, readBill, type Stack, startStack } from "@understudy/testkit";
import { type JobReader, openReader } from "./job-reader.ts";
import { callsOfJob, jobThatEnds } from "./job-run.ts";

/** Calls that are streamed, through the whole system: what is paid for them, and what readers are shown. */

let stack: Stack;
let reader: JobReader;
const accepted: string[] = [];

beforeAll(async () => {
  stack = await startStack({ environment: { WORKER_ATTEMPT_SECONDS: "12" } });
  await stack.request("PUT", "/api/ai/creators/psy", {
    plan: "business",
    bucket: { ratePerHour: 1_000_000, burst: 1_000 },
  });
  reader = openReader(stack.redis.url);
});

afterAll(async () => {
  reader.close();
  await stack.stop();
});

async function submit(message: string): Promise<string> {
  const id = await stack.submit("messaging", {
    creatorId: "psy",
    input: { fanId: "f", message, history: [] },
  });
  accepted.push(id);
  reader.read(id);
  return id;
}

async function run(message: string, respond: object, status: JobStatus, times = 1): Promise<Job> {
  await stack.rule({ match: { contains: message, method: "streamGenerateContent" }, respond, times });
  const id = await submit(message);
  return ended(id, status);
}

const ended = (id: string, status: JobStatus) => jobThatEnds(stack, id, status);

const callsOf = (jobId: string) => callsOfJob(stack, jobId);

/** The text that a reader has after these entries. */
function textOf(entries: JobStreamEntry[]): string {
  return entries.reduce((text, { kind, text: more }) => (kind === "retract" ? "" : text + more), "");
}

const compliance = { allowed: true, categories: [], severity: "none", reasons: [] };
const reply = { response: 'I said "hello" 😀 and so did you.', confidence: 0.9, compliance };

describe("a call that is streamed", () => {
  it("costs what the bill says of it, to the last digit, and shows its text piece by piece", async () => {
    const job = await run("stream-whole", { text: JSON.stringify(reply), chunkDelayMs: 60 }, "completed");
    expect(job.result).toMatchObject({ response: reply.response });
    const [call, ...others] = await callsOf(job.id);
    expect(others).toEqual([]);
    const entry = (await readBill(stack.emulatorUrl)).find(({ callId }) => callId === call?.id);
    expect(entry).toMatchObject({ method: "streamGenerateContent" });
    expect(call).toMatchObject({
      status: "settled",
      inputTokens: entry?.usageMetadata?.promptTokenCount,
      outputTokens: entry?.usageMetadata?.candidatesTokenCount,
      provider: "emulator",
    });
    const entries = await reader.entriesOf(job.id);
    expect(entries.length).toBeGreaterThan(1);
    expect(new Set(entries.map(({ kind, step }) => `${kind} ${step}`))).toEqual(new Set(["token draft"]));
    expect(textOf(entries)).toBe(reply.response);
  });

  it("is billed at the tier that was served", async () => {
    const headers = { "x-gemini-service-tier": "flex" };
    const job = await run("stream-tier", { text: JSON.stringify(reply), headers }, "completed");
    expect(await callsOf(job.id)).toMatchObject([{ serviceTier: "flex", status: "settled" }]);
  });

  it("an answer that does not come whole is lost: tried again, its text taken back, its cost unknown", async () => {
    const losses = {
      "closes cleanly without having said how it ends": { finishReason: null },
      "is cut off within an event": { closeAfterBytes: 300 },
      "is reset in the middle": { closeAfterBytes: 300, reset: true },
      "is reset before it began": { reset: true },
      "never begins": { hang: true },
      "takes longer than it may": { text: JSON.stringify(reply), chunkDelayMs: 40_000 },
    };
    const jobs = await Promise.all(
      Object.entries(losses).map(([name, respond]) => run(`stream-lost: ${name}.`, respond, "completed")),
    );
    expect(jobs.map((job) => job.attempts)).toEqual(jobs.map(() => 2));
    for (const job of jobs) {
      await eventually(
        async () =>
          expect((await callsOf(job.id)).map((call) => call.status)).toEqual(["unknown", "settled"]),
        90_000,
      );
      const { response } = job.result as { response: string };
      expect(textOf(await reader.entriesOf(job.id))).toBe(response);
    }
  });

  it("429: put off, and not billed", async () => {
    const job = await run("stream-429", { status: 429, retryDelay: "1s" }, "completed");
    expect((await callsOf(job.id)).map((call) => [call.status, call.httpStatus])).toEqual([
      ["released", 429],
      ["settled", 200],
    ]);
  });

  it("503: tried again, and not billed", async () => {
    const job = await run("stream-503", { status: 503 }, "completed");
    expect((await callsOf(job.id)).map((call) => call.status)).toEqual(["released", "settled"]);
  });

  it("broken off for safety in the middle: blocked with the harm that Gemini names, what was shown taken back", async () => {
    const usage = { promptTokenCount: 90, candidatesTokenCount: 9, totalTokenCount: 99 };
    const chunk = (text: string, more: object = {}) => ({
      candidates: [{ content: { role: "model", parts: [{ text }] }, ...more }],
      usageMetadata: usage,
    });
    const ratings = [
      { category: "HARM_CATEGORY_HATE_SPEECH", probability: "LOW" },
      { category: "HARM_CATEGORY_HARASSMENT", probability: "HIGH", blocked: true },
    ];
    const json = [
      chunk('{"response": "You are'),
      chunk("", { finishReason: "SAFETY", safetyRatings: ratings }),
    ];
    const job = await run("stream-safety", { json, chunkDelayMs: 300, usageMetadata: usage }, "blocked");
    expect(job).toMatchObject({
      attempts: 1,
      error: {
        code: "safety",
        message: "The model refused to answer: SAFETY, HARM_CATEGORY_HARASSMENT.",
        retryable: false,
      },
      usage: { inputTokens: 90, outputTokens: 9 },
    });
    const entries = await reader.entriesOf(job.id);
    expect(entries.map(({ kind }) => kind)).toEqual(["retract"]);
  });

  it("a prompt that is refused: blocked by name", async () => {
    const job = await run("stream-prompt", { blockReason: "PROHIBITED_CONTENT" }, "blocked");
    expect(job.error?.message).toBe("The model refused to answer: PROHIBITED_CONTENT.");
    expect(job.usage.costUsd).not.toBe("0");
  });
});

it("the invariants hold at the end", async () => {
  await assertInvariants(stack, accepted, 6);
});
