import type { GenerateContentResponse } from "@google/genai";
import { describe, expect, it } from "@jest/globals";
import { AnswerReader } from "../src/answer-reader.ts";
import type { Exchange } from "../src/lean-fetch.ts";

const exchange: Exchange = { status: 200, headers: {} };

function read(...chunks: object[]): AnswerReader {
  const reader = new AnswerReader();
  for (const chunk of chunks) reader.add(chunk as GenerateContentResponse);
  return reader;
}

const answerOf = (...chunks: object[]) => read(...chunks).generation(exchange, "standard");
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
    expect(reader.generation(exchange, "standard")).toMatchObject({ text: "Hello there" });
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

  it("of which nothing is told has no text, no usage and no reason", () => {
    const nothing = { kind: "answered", text: "", usage: null, serviceTier: "flex", provider: "gemini" };
    expect(new AnswerReader().generation(undefined, "flex")).toEqual(nothing);
    expect(read({ candidates: [] }, { candidates: [{}] }).generation(undefined, "flex")).toEqual(nothing);
    expect(read({}).usage).toBeNull();
    expect(read({ usageMetadata: { totalTokenCount: 4 } }, {}).usage).toEqual({ totalTokenCount: 4 });
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
      expect(answerOf({ modelVersion: "gemini-a" }, { modelVersion })).toMatchObject({
        modelVersion: "gemini-a",
      });
      expect(answerOf({ modelVersion })).not.toHaveProperty("modelVersion");
    },
  );

  it("names a model with a name of up to 128 characters", () => {
    const modelVersion = "x".repeat(128);
    expect(answerOf({ modelVersion })).toMatchObject({ modelVersion });
  });
});

describe("a refusal to answer", () => {
  it.each(["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"])(
    "is what an answer ends with: %s",
    (finishReason) => {
      expect(answerOf(candidate({ finishReason }))).toMatchObject({
        finishReason,
        blockReason: finishReason,
      });
    },
  );

  it.each([
    "STOP",
    "MAX_TOKENS",
    "LANGUAGE",
    "OTHER",
    "MALFORMED_FUNCTION_CALL",
    "FINISH_REASON_UNSPECIFIED",
  ])("is no other end of an answer: %s", (finishReason) => {
    const safetyRatings = [rating("HARASSMENT", "HIGH", true)];
    const answer = answerOf(candidate({ finishReason, safetyRatings }));
    expect(answer).toMatchObject({ finishReason });
    expect(answer).not.toHaveProperty("blockReason");
    expect(answer).not.toHaveProperty("harmCategories");
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

describe("the headers of an answer", () => {
  const withHeaders = (headers: Record<string, string>, asked: "flex" | "priority" = "priority") =>
    new AnswerReader().generation({ status: 200, headers }, asked);

  it.each(["standard", "flex", "priority"])("name the tier that was served: %s", (tier) => {
    for (const name of [tier, tier.toUpperCase()]) {
      const headers = { "x-gemini-service-tier": name };
      expect(withHeaders(headers, tier === "flex" ? "priority" : "flex")).toMatchObject({
        serviceTier: tier,
      });
    }
  });

  it("name no tier that is not known: then it is the one that was asked for", () => {
    expect(withHeaders({ "x-gemini-service-tier": "turbo" })).toMatchObject({ serviceTier: "priority" });
    expect(withHeaders({})).toMatchObject({ serviceTier: "priority" });
  });

  it("name the emulator where it is one, and else nobody but Gemini", () => {
    expect(withHeaders({ "x-understudy-provider": "emulator" })).toMatchObject({ provider: "emulator" });
    expect(withHeaders({ "x-understudy-provider": "someone" })).toMatchObject({ provider: "gemini" });
  });
});
