import type { GenerateContentResponse } from "@google/genai";
import { describe, expect, it } from "@jest/globals";
import { AnswerReader, type AskedFor } from "../src/answer-reader.ts";
import { providerAt } from "../src/exchange-headers.ts";
import type { Exchange } from "../src/http-exchange.ts";

const exchange: Exchange = { status: 200, headers: {} };
const asked: AskedFor = { serviceTier: "standard", isStructured: false, provider: "gemini" };

function read(...chunks: object[]): AnswerReader {
  const reader = new AnswerReader();
  for (const chunk of chunks) reader.add(chunk as GenerateContentResponse);
  return reader;
}

const answerOf = (...chunks: object[]) => read(...chunks).generation(exchange, asked);
const structuredOf = (...chunks: object[]) =>
  read(...chunks).generation(exchange, { ...asked, isStructured: true });
const candidate = (more: object, ...parts: object[]) => ({ candidates: [{ content: { parts }, ...more }] });
const rating = (category: string, probability: string, blocked?: boolean) => ({
  category: `HARM_CATEGORY_${category}`,
  probability,
  ...(blocked !== undefined && { blocked }),
});

describe("an answer in pieces", () => {
  it("is their text in order, thoughts left out, as each piece adds it", () => {
    const reader = new AnswerReader();
    const add = (...parts: object[]) => reader.add(candidate({}, ...parts) as GenerateContentResponse);
    expect(add({ text: "Hel" }, { text: "let me think", thought: true }, { text: "lo" })).toBe("Hello");
    expect(add({ thought: true, text: "more" })).toBe("");
    expect(add({ text: " th" }, { inlineData: {} }, { text: "ere" })).toBe(" there");
    reader.add({ candidates: [{ finishReason: "STOP" }] } as GenerateContentResponse);
    expect(reader.generation(exchange, asked)).toMatchObject({ text: "Hello there" });
  });

  it("has what the last piece said of it that said anything", () => {
    const answer = answerOf(
      { ...candidate({}, { text: "a" }), usageMetadata: { totalTokenCount: 1 }, modelVersion: "first" },
      { ...candidate({ finishReason: "STOP" }, { text: "b" }), usageMetadata: { totalTokenCount: 2 } },
      { modelVersion: "models/gemini-2.5-flash-001" },
      {},
    );
    expect(answer).toEqual({
      kind: "answered",
      text: "ab",
      finishReason: "STOP",
      usage: { totalTokenCount: 2 },
      modelVersion: "models/gemini-2.5-flash-001",
      serviceTier: "standard",
      provider: "gemini",
    });
  });

  it.each([
    ["nothing", {}],
    ["no candidate", { candidates: [] }],
    ["a candidate without a word", { candidates: [{}] }],
    ["a text without an end", candidate({}, { text: "Hi" })],
    ["the zero of the reasons", candidate({ finishReason: "FINISH_REASON_UNSPECIFIED" }, { text: "Hi" })],
    ["a reason that is empty", candidate({ finishReason: "" }, { text: "Hi" })],
    ["a reason that is no text", candidate({ finishReason: 1 }, { text: "Hi" })],
    ["safety ratings alone", { promptFeedback: { safetyRatings: [rating("HARASSMENT", "LOW")] } }],
    ["a usage alone", { usageMetadata: { promptTokenCount: 3 } }],
  ])("is none, but lost, where it tells %s", (_what, chunk) => {
    const usage = "usageMetadata" in chunk ? chunk.usageMetadata : null;
    for (const answer of [answerOf(chunk), structuredOf(chunk), answerOf({}, chunk, {})]) {
      expect(answer).toEqual({ kind: "lost", reason: "connection", usage });
    }
    expect(read(chunk).generation(undefined, asked, "timeout")).toMatchObject({ reason: "timeout" });
    expect(read(chunk).isPaidFor).toBe(false);
  });

  it("is paid for once it is whole and a usage says what it cost, or its prompt was blocked", () => {
    const end = candidate({ finishReason: "STOP" }, { text: "a" });
    const usageMetadata = { promptTokenCount: 3 };
    expect(read({ ...end, usageMetadata }).isPaidFor).toBe(true);
    expect(read({ usageMetadata }, end).isPaidFor).toBe(true);
    expect(read(end).isPaidFor).toBe(false);
    expect(read({ ...end, usageMetadata: { promptTokenCount: 0 } }).isPaidFor).toBe(false);
    expect(read({ promptFeedback: { blockReason: "SAFETY" } }).isPaidFor).toBe(true);
  });

  it("names what the provider calls it, where that is a name", () => {
    const end = candidate({ finishReason: "STOP" }, { text: "a" });
    expect(answerOf({ responseId: "fH8oaunbEbr9" }, end)).toMatchObject({ requestId: "fH8oaunbEbr9" });
    const headers = { "x-request-id": "own", "x-goog-request-id": "google's" };
    const withHeaders = (more: Record<string, string>) =>
      read(end, { responseId: "r1" }).generation({ status: 200, headers: more }, asked);
    expect(withHeaders(headers)).toMatchObject({ requestId: "own" });
    expect(withHeaders({ ...headers, "x-goog-request-id": "g-1" })).toMatchObject({ requestId: "g-1" });
    expect(answerOf({ ...end, responseId: "AIzaSecret" })).not.toHaveProperty("requestId");
  });

  it("is whole once Gemini has said how it ends, or that it does not begin", () => {
    expect(read(candidate({}, { text: "a" })).isWhole).toBe(false);
    expect(read(candidate({}, { text: "a" }), candidate({ finishReason: "MAX_TOKENS" })).isWhole).toBe(true);
    expect(read({ promptFeedback: {} }).isWhole).toBe(false);
    expect(read({ promptFeedback: { blockReason: "OTHER" } }).isWhole).toBe(true);
  });

  it.each(["a b", "", "x".repeat(129), "gemini\n", "<script>"])(
    "names no model that is not one: %j",
    (modelVersion) => {
      const end = candidate({ finishReason: "STOP" }, { text: "a" });
      expect(answerOf(end, { modelVersion: "gemini-a" }, { modelVersion })).toMatchObject({
        modelVersion: "gemini-a",
      });
      expect(answerOf(end, { modelVersion })).not.toHaveProperty("modelVersion");
    },
  );

  it("names a model with a name of up to 128 characters", () => {
    const modelVersion = "x".repeat(128);
    const end = candidate({ finishReason: "STOP" }, { text: "a" });
    expect(answerOf(end, { modelVersion })).toMatchObject({ modelVersion });
  });
});

describe("a refusal to answer", () => {
  it.each([
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "LANGUAGE",
    "OTHER",
    "MALFORMED_FUNCTION_CALL",
    "MALFORMED_RESPONSE",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "IMAGE_OTHER",
    "NO_IMAGE",
    "A_REASON_OF_TOMORROW",
  ])("is what an answer ends with, and any other reason than the good ones: %s", (finishReason) => {
    for (const parts of [[], [{ text: "half" }]]) {
      const chunk = candidate({ finishReason }, ...parts);
      expect(answerOf(chunk)).toMatchObject({ finishReason, blockReason: finishReason });
      expect(structuredOf(chunk)).toMatchObject({ finishReason, blockReason: finishReason });
    }
  });

  it.each(["STOP", "MAX_TOKENS", "CONTINUATION"])("is no good end of a text: %s", (finishReason) => {
    const safetyRatings = [rating("HARASSMENT", "HIGH", true)];
    const answer = answerOf(candidate({ finishReason, safetyRatings }, { text: "Hi" }));
    expect(answer).toMatchObject({ finishReason });
    expect(answer).not.toHaveProperty("blockReason");
    expect(answer).not.toHaveProperty("harmCategories");
  });

  it("is a good end without a word of text, whatever else came", () => {
    for (const parts of [[], [{ text: " \n" }], [{ text: "hm", thought: true }], [{ functionCall: {} }]]) {
      const chunk = candidate({ finishReason: "STOP" }, ...parts);
      expect(answerOf(chunk)).toMatchObject({ blockReason: "NO_TEXT", finishReason: "STOP" });
      expect(structuredOf(chunk)).toMatchObject({ blockReason: "NO_TEXT" });
    }
  });

  it("is a limit without a word of text, but of an output with a form, which may be repaired", () => {
    const chunk = candidate({ finishReason: "MAX_TOKENS" });
    expect(answerOf(chunk)).toMatchObject({ blockReason: "MAX_TOKENS", finishReason: "MAX_TOKENS" });
    const structured = structuredOf(chunk);
    expect(structured).toMatchObject({ kind: "answered", text: "", finishReason: "MAX_TOKENS" });
    expect(structured).not.toHaveProperty("blockReason");
  });

  it("is bounded, and can be stored", () => {
    expect(answerOf(candidate({ finishReason: `A\u0000${"B".repeat(100)}` }))).toMatchObject({
      blockReason: `A${"B".repeat(62)}`,
    });
  });

  it("is one of the prompt alone where nothing was written: it costs no output", () => {
    const blocked = { promptFeedback: { blockReason: "SAFETY" } };
    expect(answerOf(blocked)).toMatchObject({ blockReason: "SAFETY", isPromptBlocked: true });
    expect(answerOf(candidate({}, { text: "Hi" }), blocked)).not.toHaveProperty("isPromptBlocked");
    expect(answerOf(candidate({ finishReason: "SAFETY" }))).not.toHaveProperty("isPromptBlocked");
    expect(answerOf(candidate({ finishReason: "STOP" }, { text: "Hi" }))).not.toHaveProperty(
      "isPromptBlocked",
    );
  });

  it("of a prompt may have no name", () => {
    for (const promptFeedback of [
      { blockReasonMessage: "Blocked." },
      { blockReason: "BLOCKED_REASON_UNSPECIFIED" },
    ]) {
      expect(answerOf({ promptFeedback, candidates: [] })).toMatchObject({
        blockReason: "BLOCK_REASON_UNSPECIFIED",
        isPromptBlocked: true,
      });
    }
    const zero = { promptFeedback: { blockReason: "BLOCKED_REASON_UNSPECIFIED" } };
    const answer = answerOf({ ...candidate({ finishReason: "STOP" }, { text: "Hi" }), ...zero });
    expect(answer).not.toHaveProperty("blockReason");
  });

  it("is that of the prompt before that of an answer", () => {
    const blocked = { promptFeedback: { blockReason: "PROHIBITED_CONTENT" } };
    expect(answerOf(blocked, candidate({ finishReason: "SAFETY" }), {})).toMatchObject({
      blockReason: "PROHIBITED_CONTENT",
      finishReason: "SAFETY",
    });
    expect(answerOf(blocked)).not.toHaveProperty("finishReason");
  });

  it("names the harms that are marked as blocked, each once, of prompt and answer", () => {
    const answer = answerOf(
      candidate({ safetyRatings: [rating("HARASSMENT", "LOW", true), rating("HATE_SPEECH", "HIGH", false)] }),
      {
        candidates: [{ finishReason: "SAFETY", safetyRatings: [rating("HARASSMENT", "HIGH", true)] }],
        promptFeedback: { safetyRatings: [rating("DANGEROUS_CONTENT", "NEGLIGIBLE", true)] },
      },
    );
    expect(answer).toMatchObject({
      harmCategories: ["HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_DANGEROUS_CONTENT"],
    });
  });

  it("names the most probable harms where none is marked, and none where none is probable", () => {
    const answerWith = (...safetyRatings: object[]) =>
      answerOf(candidate({ finishReason: "SAFETY", safetyRatings }));
    const answer = answerWith(rating("HARASSMENT", "MEDIUM"), rating("HATE_SPEECH", "HIGH"));
    expect(answer).toMatchObject({ harmCategories: ["HARM_CATEGORY_HATE_SPEECH"] });
    expect(answerWith(rating("HARASSMENT", "MEDIUM"))).not.toHaveProperty("harmCategories");
  });

  it.each([
    { category: "harm", probability: "HIGH" },
    { category: "", probability: "HIGH" },
    { category: "A".repeat(65), probability: "HIGH" },
    { category: "HARM_1", probability: "HIGH" },
    { category: "HARM X", probability: "HIGH" },
    { category: "HARM", probability: 1, blocked: true },
    { category: "HARM", blocked: "yes" },
    { probability: "HIGH" },
    "HIGH",
    null,
  ])("names no harm that is not one: %j", (odd) => {
    const ratings = [odd, rating("HATE_SPEECH", "HIGH")];
    const answer = answerOf(candidate({ finishReason: "SAFETY", safetyRatings: ratings }));
    expect(answer).toMatchObject({ harmCategories: ["HARM_CATEGORY_HATE_SPEECH"] });
  });

  it("names a harm of up to 64 letters", () => {
    const category = "A".repeat(64);
    const safetyRatings = [{ category, blocked: true }];
    expect(answerOf(candidate({ finishReason: "SPII", safetyRatings }))).toMatchObject({
      harmCategories: [category],
    });
  });
});

describe("the tier that was served", () => {
  const tierOf = (headers: Record<string, string>, ...usages: unknown[]) => {
    const chunks = usages.map((usageMetadata) => ({ usageMetadata }));
    const reader = read(candidate({ finishReason: "STOP" }, { text: "a" }), ...chunks);
    const answer = reader.generation({ status: 200, headers }, { ...asked, serviceTier: "priority" });
    return answer.kind === "answered" ? answer.serviceTier : answer.kind;
  };

  it.each([
    [{ serviceTier: "flex" }, "flex"],
    [{ serviceTier: "STANDARD" }, "standard"],
    [{ serviceTier: "Priority" }, "priority"],
    [{ trafficType: "ON_DEMAND" }, "standard"],
    [{ trafficType: "ON_DEMAND_FLEX" }, "flex"],
    [{ trafficType: "ON_DEMAND_PRIORITY" }, "priority"],
    [{ serviceTier: null, trafficType: "on_demand_flex" }, "flex"],
  ])("is that of the usage before that of the header: %j", (usage, tier) => {
    const header = { "x-gemini-service-tier": tier === "flex" ? "standard" : "flex" };
    expect(tierOf(header, usage)).toBe(tier);
    expect(tierOf({}, usage, { promptTokenCount: 1 }, {})).toBe(tier);
    expect(tierOf(header, { serviceTier: "turbo", trafficType: "flexible" }, usage)).toBe(tier);
  });

  it.each(["standard", "flex", "priority"])("is that of the header where no usage names it: %s", (tier) => {
    for (const name of [tier, tier.toUpperCase()]) {
      expect(tierOf({ "x-gemini-service-tier": name }, { promptTokenCount: 1 })).toBe(tier);
      expect(tierOf({ "x-gemini-service-tier": name }, { trafficType: "PROVISIONED_THROUGHPUT" })).toBe(tier);
    }
  });

  it("is the one that was asked for where nobody names one that is known", () => {
    expect(tierOf({})).toBe("priority");
    expect(tierOf({ "x-gemini-service-tier": "turbo" }, { serviceTier: 7 })).toBe("priority");
  });
});

describe("the usage of an answer in pieces", () => {
  const usageOf = (...usages: unknown[]) => read(...usages.map((usageMetadata) => ({ usageMetadata }))).usage;

  it("is the last of each count", () => {
    const first = { promptTokenCount: 9, totalTokenCount: 9, promptTokensDetails: [{ modality: "TEXT" }] };
    expect(usageOf(first, { promptTokenCount: 9, candidatesTokenCount: 4, totalTokenCount: 13 })).toEqual({
      ...first,
      candidatesTokenCount: 4,
      totalTokenCount: 13,
    });
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["no counts", {}],
    ["null for each", { promptTokenCount: null, candidatesTokenCount: null, promptTokensDetails: null }],
    ["zero for each", { promptTokenCount: 0, candidatesTokenCount: 0, promptTokensDetails: [] }],
    ["no object", "free"],
    ["a list", [1]],
  ])("is not taken back by a piece that says %s", (_what, later) => {
    const known = {
      promptTokenCount: 9,
      candidatesTokenCount: 4,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 9 }],
      serviceTier: "flex",
    };
    expect(usageOf(known, later)).toEqual(known);
    expect(usageOf(later, known)).toEqual(known);
  });

  it("is kept as it came where it says nothing, and null where none did", () => {
    expect(usageOf({ promptTokenCount: null }, { candidatesTokenCount: 0 })).toEqual({
      promptTokenCount: null,
      candidatesTokenCount: 0,
    });
    expect(usageOf()).toBeNull();
    expect(usageOf(undefined, undefined)).toBeNull();
    expect(usageOf("free")).toBe("free");
  });

  it("has no field of the language's own", () => {
    const odd = JSON.parse('{"__proto__": {"promptTokenCount": 1}, "constructor": 5}');
    expect(Object.getPrototypeOf(usageOf({ a: 1 }, odd))).toBe(Object.prototype);
    expect((usageOf({ a: 1 }, odd) as Record<string, unknown>).promptTokenCount).toBeUndefined();
  });
});

describe("who answers", () => {
  it("is the emulator where that says so, else whoever is at the address", () => {
    const end = candidate({ finishReason: "STOP" }, { text: "a" });
    const providerOf = (name: string, provider: "gemini" | "other") =>
      read(end).generation(
        { status: 200, headers: { "x-understudy-provider": name } },
        { ...asked, provider },
      );
    expect(providerOf("emulator", "other")).toMatchObject({ provider: "emulator" });
    expect(providerOf("gemini", "other")).toMatchObject({ provider: "other" });
    expect(providerOf("", "gemini")).toMatchObject({ provider: "gemini" });
  });

  it.each([
    ["https://generativelanguage.googleapis.com", "gemini"],
    ["https://GENERATIVELANGUAGE.googleapis.com/", "gemini"],
    ["https://us-central1-aiplatform.googleapis.com:443/x", "gemini"],
    ["https://aiplatform.eu.rep.googleapis.com", "gemini"],
    ["https://googleapis.com.example", "other"],
    ["https://notgoogleapis.com", "other"],
    ["https://proxy.example/generativelanguage.googleapis.com", "other"],
    ["http://127.0.0.1:8080", "other"],
    ["no address", "other"],
  ])("is Gemini at Google's own hosts alone: %s", (baseUrl, provider) => {
    expect(providerAt(baseUrl)).toBe(provider);
  });
});
