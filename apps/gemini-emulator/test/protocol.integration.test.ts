import { ServiceTier } from "@google/genai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type Emulated, emulate, hello } from "./emulated.ts";

let emulated: Emulated;
beforeAll(async () => {
  emulated = await emulate();
});
beforeEach(() => emulated.post("/_emulator/reset", {}));
afterAll(() => emulated.emulator.stop());

const quiet = { automaticContinuation: false, thinkingConfig: { thinkingBudget: 0 } };

describe("generateContent", () => {
  it("answers the SDK, says who it is, and bills what the answer says", async () => {
    const answer = await emulated.sdk.models.generateContent({
      model: "gemini-2.5-flash",
      contents: "Say hello",
      config: {
        ...quiet,
        serviceTier: ServiceTier.FLEX,
        httpOptions: { headers: { "x-understudy-call-id": "call_1" } },
      },
    });
    expect(answer.text).toBe("Hello! What can I do for you?");
    expect(answer.modelVersion).toBe("gemini-2.5-flash");
    expect(answer.candidates?.[0]?.finishReason).toBe("STOP");
    expect(answer.sdkHttpResponse?.headers).toMatchObject({
      "x-understudy-provider": "emulator",
      "x-gemini-service-tier": "flex",
    });
    expect(answer.usageMetadata).toMatchObject({
      promptTokenCount: 3,
      candidatesTokenCount: 8,
      totalTokenCount: 11,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 3 }],
    });
    const { calls, totals } = await emulated.bill();
    expect(calls).toEqual([
      {
        id: expect.any(String),
        callId: "call_1",
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        method: "generateContent",
        model: "gemini-2.5-flash",
        modelVersion: "gemini-2.5-flash",
        status: 200,
        serviceTier: "flex",
        usageMetadata: JSON.parse(JSON.stringify(answer.usageMetadata)),
        aborted: false,
      },
    ]);
    expect(totals).toEqual({
      "gemini-2.5-flash": {
        calls: 1,
        promptTokenCount: 3,
        cachedContentTokenCount: 0,
        candidatesTokenCount: 8,
        thoughtsTokenCount: 0,
        toolUsePromptTokenCount: 0,
      },
    });
    const kept = await fetch(`${emulated.emulator.url}/_emulator/requests/${calls[0]?.id}`);
    expect(await kept.json()).toMatchObject({
      contents: [{ parts: [{ text: "Say hello" }] }],
      serviceTier: "flex",
    });
    expect((await fetch(`${emulated.emulator.url}/_emulator/requests/none`)).status).toBe(404);
  });

  it("says the same to the same and something else to something else", async () => {
    const say = async (text: string) => {
      const contents = `<fan_message>${text}</fan_message>`;
      return (
        await emulated.sdk.models.generateContent({ model: "gemini-2.5-flash", contents, config: quiet })
      ).text;
    };
    expect(await say("I love this song")).toBe(await say("I love this song"));
    expect(await say("I love this song")).not.toBe(await say("What is he saying?"));
  });

  it("fills a JSON schema", async () => {
    const answer = await emulated.sdk.models.generateContent({
      model: "gemini-2.5-flash",
      contents: "<fan_message>Is that Megan Fox?</fan_message>",
      config: {
        ...quiet,
        responseMimeType: "application/json",
        responseJsonSchema: {
          type: "object",
          properties: {
            response: { type: "string" },
            confidence: { type: "number", minimum: 0, maximum: 1 },
          },
          required: ["response", "confidence"],
          additionalProperties: false,
        },
      },
    });
    const json = JSON.parse(answer.text ?? "");
    expect(Object.keys(json)).toEqual(["response", "confidence"]);
    expect(json.confidence).toBeGreaterThan(0.5);
    expect(json.confidence).toBeLessThanOrEqual(1);
  });

  it.each([
    ["v1beta", "/v1beta/models/gemini-2.5-flash", { thinking_budget: 0 }, "gemini-2.5-flash"],
    [
      "models/ twice, -001",
      "/v1/models/models%2Fgemini-2.5-flash-001",
      { thinking_budget: 0 },
      "gemini-2.5-flash",
    ],
    ["an alias", "/v1/models/gemini-flash-latest", { thinking_level: "low" }, "gemini-3.8-flash"],
  ])("knows %s, and snake case", async (_name, path, thinking_config, modelVersion) => {
    const response = await emulated.post(`${path}:generateContent`, {
      ...hello,
      generation_config: { max_output_tokens: 200, thinking_config },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ modelVersion });
    expect(Object.keys((await emulated.bill()).totals)).toEqual([modelVersion]);
  });
});

describe("streamGenerateContent", () => {
  it("streams in chunks with cumulative usage and a finish reason at the end", async () => {
    const stream = await emulated.sdk.models.generateContentStream({
      model: "gemini-2.5-flash",
      contents: "<fan_message>Who is watching in 2015?</fan_message>",
      config: { automaticContinuation: false },
    });
    const texts: string[] = [];
    const counts: number[] = [];
    const reasons: (string | undefined)[] = [];
    let usage: unknown;
    for await (const chunk of stream) {
      texts.push(chunk.text ?? "");
      counts.push(chunk.usageMetadata?.candidatesTokenCount ?? 0);
      reasons.push(chunk.candidates?.[0]?.finishReason);
      usage = chunk.usageMetadata;
    }
    expect(texts.length).toBeGreaterThan(2);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(reasons.filter(Boolean)).toEqual(["STOP"]);
    expect(reasons.at(-1)).toBe("STOP");
    const [entry] = (await emulated.bill()).calls;
    expect(entry).toMatchObject({ method: "streamGenerateContent", aborted: false, usageMetadata: usage });
  });

  it("is a JSON array without alt=sse", async () => {
    const response = await emulated.post("/v1/models/gemini-2.5-flash:streamGenerateContent", hello);
    expect(await response.json()).toEqual(
      expect.arrayContaining([expect.objectContaining({ modelVersion: "gemini-2.5-flash" })]),
    );
  });
});

describe("countTokens and embeddings", () => {
  it("counts for free, and as generation counts", async () => {
    const { totalTokens } = await emulated.sdk.models.countTokens({
      model: "gemini-2.5-flash",
      contents: "Say hello",
    });
    expect(totalTokens).toBe(3);
    expect((await emulated.bill()).calls).toEqual([]);
  });

  it("embeds, likes likeness, and bills the tokens that countTokens counts", async () => {
    const contents = ["fans love the chorus", "the chorus is what fans love", "quarterly tax return"];
    const { embeddings } = await emulated.sdk.models.embedContent({
      model: "gemini-embedding-001",
      contents,
      config: { outputDimensionality: 256 },
    });
    const vectors = (embeddings ?? []).map(({ values }) => values ?? []);
    const cosine = (a: number[], b: number[]) =>
      a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
    const [first = [], second = [], third = []] = vectors;
    expect(first).toHaveLength(256);
    expect(cosine(first, first)).toBeCloseTo(1, 3);
    expect(cosine(first, second)).toBeGreaterThan(cosine(first, third) + 0.3);
    const { totalTokens } = await emulated.sdk.models.countTokens({
      model: "gemini-embedding-001",
      contents,
    });
    const [entry] = (await emulated.bill()).calls;
    expect(entry).toMatchObject({
      method: "batchEmbedContents",
      model: "gemini-embedding-001",
      usageMetadata: { promptTokenCount: totalTokens },
    });
    const path = "/v1/models/gemini-embedding-2:batchEmbedContents";
    const requests = contents.map((text) => ({ content: { parts: [{ text }] } }));
    const told = (await (await emulated.post(path, { requests })).json()) as { usageMetadata?: object };
    expect(told.usageMetadata).toEqual({
      promptTokenCount: totalTokens,
      promptTokenDetails: [{ modality: "TEXT", tokenCount: totalTokens }],
    });
    const single = await emulated.post("/v1beta/models/gemini-embedding-001:embedContent", {
      content: { parts: [{ text: "x" }] },
    });
    expect(((await single.json()) as { embedding: { values: number[] } }).embedding.values).toHaveLength(
      3072,
    );
  });
});

describe("refusals", () => {
  const path = "/v1/models/gemini-2.5-flash:generateContent";

  it.each([
    ["an unknown model", "/v1/models/gemini-9:generateContent", hello, 404, "NOT_FOUND"],
    ["a name of Object's", "/v1/models/constructor:generateContent", hello, 404, "NOT_FOUND"],
    ["a model that cannot", "/v1/models/gemini-2.5-flash:embedContent", hello, 404, "NOT_FOUND"],
    ["no contents", path, {}, 400, "INVALID_ARGUMENT"],
    ["a misspelt setting", path, { ...hello, generationConfig: { maxTokens: 1 } }, 400, "INVALID_ARGUMENT"],
    ["an unknown tier", path, { ...hello, serviceTier: "gold" }, 400, "INVALID_ARGUMENT"],
    ["no JSON", path, "{", 400, "INVALID_ARGUMENT"],
    ["null", path, "null", 400, "INVALID_ARGUMENT"],
    ["a depth bomb", path, "[".repeat(500_000), 400, "INVALID_ARGUMENT"],
    ["bad UTF-8", path, new Uint8Array([0x7b, 0xff, 0x7d]), 400, "INVALID_ARGUMENT"],
    [
      "too much output",
      path,
      { ...hello, generationConfig: { maxOutputTokens: 70_000 } },
      400,
      "INVALID_ARGUMENT",
    ],
    [
      "a prompt that is too long",
      path,
      { contents: [{ parts: [{ text: "x".repeat(4_200_000) }] }] },
      400,
      "INVALID_ARGUMENT",
    ],
  ])("refuses %s in Gemini's words and bills nothing", async (_, to, body, code, status) => {
    const response = await emulated.post(to, body);
    expect(response.status).toBe(code);
    expect(await response.json()).toMatchObject({ error: { code, status, message: expect.any(String) } });
    const { calls, totals } = await emulated.bill();
    expect(calls).toMatchObject([{ status: code, usageMetadata: null }]);
    expect(totals).toEqual({});
  });

  it("wants a key", async () => {
    const response = await emulated.post(path, hello, { headers: {} });
    expect(await response.json()).toMatchObject({ error: { code: 403, status: "PERMISSION_DENIED" } });
  });

  it("refuses more than 30 MB, told or not told the length", async () => {
    const large = new Uint8Array(31 * 1024 * 1024).fill(0x20);
    expect((await emulated.post(path, large)).status).toBe(413);
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < 31; at++) controller.enqueue(large.subarray(0, 1024 * 1024));
        controller.close();
      },
    });
    const init = { body: stream, duplex: "half" } as RequestInit;
    expect((await emulated.post(path, "", init)).status).toBe(413);
  });

  it("knows no other paths", async () => {
    expect((await fetch(`${emulated.emulator.url}/v1/models/gemini-2.5-flash:generateContent`)).status).toBe(
      404,
    );
    expect((await fetch(`${emulated.emulator.url}/nothing`)).status).toBe(404);
    expect(await (await fetch(`${emulated.emulator.url}/healthz`)).json()).toEqual({ status: "ok" });
    expect((await emulated.bill()).calls).toEqual([]);
  });
});
