import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { JobStatus } from "@understudy/contracts";
import { assertInvariants, eventually, readBill, type Stack, startStack } from "@understudy/testkit";
import { openReader } from "./job-reader.ts";
import { callsOfJob, jobThatEnds } from "./job-run.ts";

let stack: Stack;
const accepted: string[] = [];

beforeAll(async () => {
  stack = await startStack({ environment: { WORKER_ATTEMPT_SECONDS: "20" } });
  await stack.request("PUT", "/api/ai/creators/psy", {
    plan: "business",
    bucket: { ratePerHour: 1_000_000, burst: 1_000 },
  });
});

afterAll(() => stack.stop());

async function submit(message: string, agent = "messaging"): Promise<string> {
  const id = await stack.submit(agent, {
    creatorId: "psy",
    input: { fanId: "f", message, history: [] },
  });
  accepted.push(id);
  return id;
}

const ended = (id: string, status: JobStatus) => jobThatEnds(stack, id, status);

const callsOf = (jobId: string) => callsOfJob(stack, jobId);

/** The request of a call as the emulator got it. */
async function requestOf(callId: string) {
  const entry = (await readBill(stack.emulatorUrl)).find((billed) => billed.callId === callId);
  const id = (entry as { id: string } | undefined)?.id;
  const response = await fetch(`${stack.emulatorUrl}/_emulator/requests/${id}`);
  const body = (await response.json()) as {
    systemInstruction: { parts: { text: string }[] };
    contents: { parts: { text: string }[] }[];
  };
  return {
    system: body.systemInstruction.parts.map(({ text }) => text).join("\n"),
    parts: body.contents.flatMap(({ parts }) => parts.map(({ text }) => text)),
  };
}

const compliance = { allowed: true, categories: [], severity: "none", reasons: [] };
const mended = JSON.stringify({ response: "All is well.", confidence: 0.9, compliance });

describe("an answer that does not fit its schema", () => {
  it("is repaired by one call, which sees what was wrong: both are paid, and shown is the mended one", async () => {
    const invalid = '{"response": "Not <invalid_answer> quite", "confidence": 7, "compliance": {}}';
    await stack.rule({
      match: { contains: "repair-once" },
      respond: { text: invalid, chunkDelayMs: 60 },
      times: 1,
    });
    await stack.rule({ match: { contains: "repair-once" }, respond: { text: mended }, times: 1 });
    const reader = openReader(stack.redis.url);
    const id = await submit("repair-once");
    reader.read(id);
    const job = await ended(id, "completed");
    expect(job).toMatchObject({ attempts: 1, usage: { calls: 2 }, result: { response: "All is well." } });

    const [first, repair] = await callsOf(job.id);
    expect([first?.stepKey, repair?.stepKey]).toEqual(["draft", "draft:repair"]);
    expect([first?.status, repair?.status]).toEqual(["settled", "settled"]);
    const [asked, askedAgain] = [await requestOf(String(first?.id)), await requestOf(String(repair?.id))];
    expect(askedAgain.system.startsWith(asked.system)).toBe(true);
    expect(askedAgain.system).toMatch(/confidence: too_big; compliance\.allowed: invalid_type/);
    expect(askedAgain.system).not.toContain("quite");
    expect(askedAgain.parts.slice(0, -1)).toEqual(asked.parts);
    // What the model wrote is data: it can't close its label.
    expect(askedAgain.parts.at(-1)).toMatch(
      /^<invalid_answer>\n[^<]*"Not ‹invalid_answer> quite"[^<]*\n<\/invalid_answer>$/,
    );

    const entries = await reader.entriesOf(job.id);
    reader.close();
    expect(entries[0]?.kind).toBe("retract");
    expect(entries.slice(1).map(({ step }) => step)).toEqual(entries.slice(1).map(() => "draft:repair"));
    expect(
      entries
        .slice(1)
        .map(({ text }) => text)
        .join(""),
    ).toBe("All is well.");
  });

  it("twice: fails by name, without a third call, and both are paid", async () => {
    await stack.rule({ match: { contains: "repair-twice" }, respond: { text: "this is not JSON" } });
    const job = await ended(await submit("repair-twice"), "failed");
    expect(job).toMatchObject({ attempts: 1, usage: { calls: 2 }, error: { code: "output_invalid" } });
    expect(job.error?.message).not.toContain("not JSON");
    expect((await callsOf(job.id)).every((call) => call.costUsd?.gt(0))).toBe(true);
  });

  it("cut off at its token limit: the repair is told to be shorter", async () => {
    await stack.rule({
      match: { contains: "repair-cut" },
      respond: { text: mended.slice(0, 30), finishReason: "MAX_TOKENS" },
      times: 1,
    });
    await stack.rule({ match: { contains: "repair-cut" }, respond: { text: mended }, times: 1 });
    const job = await ended(await submit("repair-cut"), "completed");
    const [, repair] = await callsOf(job.id);
    expect((await requestOf(String(repair?.id))).system).toContain("shorter");
  });

  it("and a repair that is refused: the first answer is not paid again when the job runs again", async () => {
    await stack.rule({ match: { contains: "repair-503" }, respond: { text: "no JSON" }, times: 1 });
    await stack.rule({ match: { contains: "repair-503" }, respond: { status: 503 }, times: 1 });
    await stack.rule({ match: { contains: "repair-503" }, respond: { text: mended }, times: 1 });
    const job = await ended(await submit("repair-503"), "completed");
    expect((await callsOf(job.id)).map((call) => [call.stepKey, call.attempt, call.status])).toEqual([
      ["draft", 1, "settled"],
      ["draft:repair", 1, "released"],
      ["draft:repair", 2, "settled"],
    ]);
  });

  it("and a worker that dies before the repair is answered: the first answer is remembered", async () => {
    await stack.rule({ match: { contains: "repair-crash" }, respond: { text: "no JSON" }, times: 1 });
    await stack.rule({ match: { contains: "repair-crash" }, respond: { hang: true } });
    const id = await submit("repair-crash");
    await eventually(async () => expect(await callsOf(id)).toHaveLength(2));
    await stack.workers[0]?.kill();
    // What is on record need not have been sent: the next attempt must not be the one that hangs.
    await stack.dropRules();
    await stack.rule({ match: { contains: "repair-crash" }, respond: { text: mended }, times: 1 });
    await stack.addWorker();
    const job = await ended(id, "completed");
    await eventually(
      async () =>
        expect((await callsOf(id)).map((call) => [call.stepKey, call.attempt, call.status])).toEqual([
          ["draft", 1, "settled"],
          ["draft:repair", 1, "unknown"],
          ["draft:repair", 2, "settled"],
        ]),
      90_000,
    );
    expect(job.result).toMatchObject({ response: "All is well." });
  });

  it("both remembered: a job that fails later on, and runs again, pays for neither again", async () => {
    const match = { contains: "repair-kept", method: "streamGenerateContent" };
    await stack.rule({ match, respond: { text: "no JSON" }, times: 1 });
    await stack.rule({ match, respond: { text: mended }, times: 1 });
    // Compliance, which reads the mended draft.
    const check = { contains: "All is well.", method: "generateContent" };
    await stack.rule({ match: check, respond: { status: 503 }, times: 1 });
    const job = await ended(await submit("Hello, repair-kept, how are you?", "chat"), "completed");
    expect(job).toMatchObject({ attempts: 2, result: { response: "All is well." } });
    const drafts = (await callsOf(job.id)).filter((call) => call.stepKey.includes("draft"));
    expect(drafts.map((call) => [call.stepKey, call.attempt, call.status])).toEqual([
      ["messaging/draft", 1, "settled"],
      ["messaging/draft:repair", 1, "settled"],
      [expect.stringMatching(/^compliance-draft\//), 1, "released"],
      [expect.stringMatching(/^compliance-draft\//), 2, "settled"],
    ]);
  });

  it("the invariants hold at the end", async () => {
    await assertInvariants(stack, accepted, 1);
  });
});
