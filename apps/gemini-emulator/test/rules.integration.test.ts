import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type Emulated, emulate, hello, until } from "./emulated.ts";

let emulated: Emulated;
beforeAll(async () => {
  emulated = await emulate();
});
beforeEach(() => emulated.post("/_emulator/reset", {}));
afterAll(() => emulated.emulator.stop());

const unary = "/v1/models/gemini-2.5-flash:generateContent";
const sse = "/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
const ask = (extra: object = {}) =>
  emulated.sdk.models.generateContent({
    model: "gemini-2.5-flash",
    contents: "Say hello",
    config: { automaticContinuation: false, ...extra },
  });
const respond = (answer: object, rest: object = {}) => emulated.rule({ match: {}, respond: answer, ...rest });
const lastEntry = async () => (await emulated.bill()).calls.at(-1);

/** Everything of a body that arrived, and whether it broke off. */
async function drain(response: Response): Promise<{ text: string; broke: boolean }> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array);
    return { text, broke: false };
  } catch {
    return { text, broke: true };
  }
}

describe("what is answered", () => {
  it("429 with RetryInfo, for a number of times", async () => {
    expect((await respond({ status: 429, retryDelay: "7s" }, { times: 1 })).status).toBe(201);
    const error = await ask().catch((thrown: Error) => JSON.parse(thrown.message).error);
    expect(error).toMatchObject({
      code: 429,
      status: "RESOURCE_EXHAUSTED",
      details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "7s" }],
    });
    expect(await lastEntry()).toMatchObject({ status: 429, usageMetadata: null });
    expect((await ask()).text).toContain("Hello");
  });

  it.each([
    [500, "INTERNAL"],
    [503, "UNAVAILABLE"],
    [504, "DEADLINE_EXCEEDED"],
  ])("%i is %s, for streams too", async (status, name) => {
    await respond({ status });
    const response = await emulated.post(sse, hello);
    expect(await response.json()).toMatchObject({ error: { code: status, status: name } });
  });

  it("text, usage and finish reason as given, on the bill too", async () => {
    const usageMetadata = {
      promptTokenCount: 264,
      candidatesTokenCount: 104,
      thoughtsTokenCount: 989,
      totalTokenCount: 1357,
    };
    await respond({ text: "not json", finishReason: "OTHER", usageMetadata });
    const answer = await ask();
    expect([answer.text, answer.candidates?.[0]?.finishReason]).toEqual(["not json", "OTHER"]);
    const told = { ...usageMetadata, serviceTier: "standard" };
    expect(answer.usageMetadata).toEqual(told);
    expect((await lastEntry())?.usageMetadata).toEqual(told);
    expect((await emulated.bill()).totals["gemini-2.5-flash"]?.thoughtsTokenCount).toBe(989);
  });

  it("a safety block bills the input alone", async () => {
    await respond({ blockReason: "PROHIBITED_CONTENT" });
    const answer = await ask();
    expect(answer.candidates).toBeUndefined();
    expect(answer.promptFeedback?.blockReason).toBe("PROHIBITED_CONTENT");
    expect(answer.usageMetadata).toMatchObject({ promptTokenCount: 3, totalTokenCount: 3 });
    expect((await emulated.bill()).totals["gemini-2.5-flash"]).toMatchObject({
      promptTokenCount: 3,
      thoughtsTokenCount: 0,
    });
    expect((await (await emulated.post(sse, hello)).text()).match(/^data: /gm)).toHaveLength(1);
  });

  it("SAFETY in the middle gives no text", async () => {
    await respond({ finishReason: "SAFETY" });
    const answer = await ask({ thinkingConfig: { thinkingBudget: 0 } });
    expect(answer.candidates?.[0]).toMatchObject({ finishReason: "SAFETY" });
    expect(answer.text).toBeUndefined();
  });

  it("json instead of all: an object, events, or no JSON at all", async () => {
    await respond(
      { json: { candidates: [], usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 } } },
      { times: 1 },
    );
    expect((await ask()).candidates).toEqual([]);
    expect((await lastEntry())?.usageMetadata).toEqual({ promptTokenCount: 9, totalTokenCount: 9 });
    await respond({ json: [{ candidates: [] }, { candidates: [] }] }, { times: 1 });
    expect((await (await emulated.post(sse, hello)).text()).match(/^data: /gm)).toHaveLength(2);
    await respond({ json: "<html>" }, { times: 1 });
    expect(await (await emulated.post(unary, hello)).text()).toBe("<html>");
  });

  it("headers, with the tier that really served", async () => {
    await respond({ headers: { "X-Gemini-Service-Tier": "standard", "retry-after": "3" } });
    const response = await emulated.post(unary, { ...hello, serviceTier: "priority" });
    expect(response.headers.get("x-gemini-service-tier")).toBe("standard");
    expect(response.headers.get("retry-after")).toBe("3");
    expect(response.headers.get("x-understudy-provider")).toBe("emulator");
    expect((await lastEntry())?.serviceTier).toBe("standard");
  });
});

describe("how it is sent", () => {
  it("a request that hangs and is aborted is charged for its input", async () => {
    await respond({ hang: true });
    const aborter = new AbortController();
    const asked = ask({ abortSignal: aborter.signal });
    await until(async () => (await emulated.bill()).calls.length === 1);
    expect(await lastEntry()).toMatchObject({ aborted: false });
    aborter.abort();
    await expect(asked).rejects.toThrow();
    await until(async () => (await lastEntry())?.aborted === true);
    expect((await lastEntry())?.usageMetadata).toEqual({
      promptTokenCount: 3,
      totalTokenCount: 3,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 3 }],
      serviceTier: "standard",
    });
  });

  it("a delayed answer that nobody waits for is charged whole, and on the bill before", async () => {
    await respond({ delayMs: 60_000 });
    const aborter = new AbortController();
    const asked = ask({ abortSignal: aborter.signal });
    await until(async () => (await lastEntry())?.usageMetadata?.candidatesTokenCount !== undefined);
    aborter.abort();
    await expect(asked).rejects.toThrow();
    await until(async () => (await lastEntry())?.aborted === true);
  });

  it("a stream that is left is charged for what was sent", async () => {
    await respond({ chunkDelayMs: 60_000 });
    const aborter = new AbortController();
    const response = await emulated.post(sse, hello, { signal: aborter.signal });
    const first = await response.body?.getReader().read();
    const event = JSON.parse(new TextDecoder().decode(first?.value as Uint8Array).replace(/^data: /, ""));
    aborter.abort();
    await until(async () => (await lastEntry())?.aborted === true);
    expect((await lastEntry())?.usageMetadata).toEqual(event.usageMetadata);
  });

  it("waits before the first byte and between chunks", async () => {
    await respond({ delayMs: 60, chunkDelayMs: 20 });
    const began = performance.now();
    const { text } = await drain(await emulated.post(sse, hello));
    const events = text.match(/^data: /gm)?.length ?? 0;
    expect(performance.now() - began).toBeGreaterThanOrEqual(60 + (events - 1) * 20 - 5);
  });

  it("cuts a body that has a length, charged whole", async () => {
    await respond({ closeAfterBytes: 40 });
    const { text, broke } = await drain(await emulated.post(unary, hello));
    expect([text.length, broke]).toEqual([40, true]);
    expect(await lastEntry()).toMatchObject({
      ...{ aborted: false, cut: true },
      usageMetadata: { candidatesTokenCount: 8 },
    });
  });

  it("ends a stream cleanly in mid-JSON, charged for the complete events", async () => {
    const whole = (await drain(await emulated.post(sse, hello))).text;
    const firstEvent = whole.indexOf("\r\n\r\n") + 4;
    await respond({ closeAfterBytes: firstEvent + 20 });
    const { text, broke } = await drain(await emulated.post(sse, hello));
    expect([text.length, broke]).toEqual([firstEvent + 20, false]);
    const { usageMetadata } = JSON.parse(text.slice(6, firstEvent));
    expect(await lastEntry()).toMatchObject({ aborted: false, cut: true, usageMetadata });
  });

  it("ends a stream cleanly without a finish reason", async () => {
    await respond({ finishReason: null });
    const { text, broke } = await drain(await emulated.post(sse, hello));
    expect(broke).toBe(false);
    expect(text).not.toContain("finishReason");
  });

  it("resets the connection, at once or after some bytes", async () => {
    await respond({ reset: true }, { times: 1 });
    await expect(emulated.post(unary, hello)).rejects.toThrow();
    expect(await lastEntry()).toMatchObject({ status: 200, aborted: false, cut: true });
    await respond({ reset: true, closeAfterBytes: 50 }, { times: 1 });
    const { text, broke } = await drain(await emulated.post(sse, hello));
    expect(broke).toBe(true);
    expect(text.length).toBeLessThanOrEqual(50);
  });
});

describe("which requests", () => {
  it("the first rule that matches and is not used up; contains also what JSON escapes", async () => {
    await emulated.rule({ match: { contains: 'a "quoted"\nword' }, respond: { text: "first" }, times: 1 });
    await emulated.rule({
      match: { model: "models/gemini-2.5-pro", method: "generateContent" },
      respond: { text: "second" },
    });
    await emulated.rule({ match: { method: "streamGenerateContent" }, respond: { status: 503 } });
    const say = async (model: string, contents: string) =>
      (await emulated.sdk.models.generateContent({ model, contents })).text;
    expect(await say("gemini-2.5-pro", 'a "quoted"\nword')).toBe("first");
    expect(await say("gemini-2.5-pro", 'a "quoted"\nword')).toBe("second");
    expect(await say("gemini-2.5-flash", "Say hello")).toContain("Hello");
    expect((await emulated.post(sse, hello)).status).toBe(503);
    expect((await fetch(`${emulated.emulator.url}/_emulator/rules`, { method: "DELETE" })).status).toBe(204);
    expect((await emulated.post(sse, hello)).status).toBe(200);
  });

  it("countTokens only by name", async () => {
    await respond({ status: 503 });
    const count = () => emulated.sdk.models.countTokens({ model: "gemini-2.5-flash", contents: "x" });
    await expect(count()).resolves.toBeDefined();
    await emulated.rule({ match: { method: "countTokens" }, respond: { status: 503 } });
    await expect(count()).rejects.toMatchObject({ status: 503 });
  });

  it.each([
    ["nothing", {}],
    ["an unknown name", { match: {}, respond: { statuss: 500 } }],
    ["a status that is none", { match: {}, respond: { status: 42 } }],
    ["an unknown method", { match: { method: "generate" }, respond: {} }],
    ["a delay without an error", { match: {}, respond: { retryDelay: "7s" } }],
    ["a header of the connection", { match: {}, respond: { headers: { "Content-Length": "1" } } }],
    ["no times", { match: {}, respond: {}, times: 0 }],
  ])("refuses a rule with %s", async (_, rule) => {
    const response = await emulated.rule(rule);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error.length).toBeGreaterThan(20);
  });
});
