import { describe, expect, it } from "@jest/globals";
import { modelSchemaOf } from "@understudy/contracts";
import { dearestWorstCaseUsd, promptWorstCaseUsd } from "@understudy/ledger";
import { z } from "zod";
import {
  generateStructuredOutputWithBilling,
  generateTextWithBilling,
} from "../src/generate-with-billing.ts";
import type { Generation } from "../src/generation.ts";
import {
  answered,
  answers,
  askedStep,
  candidates,
  dependencies,
  detailsOf,
  doneInOrder,
  events,
  generateText,
  metadata,
  pass,
  prices,
  settledCall,
  told,
  wait,
  withFallback,
  withoutGate,
} from "./billed-run.ts";

const output = z.object({ reply: z.string() });
function generateObject(more?: Parameters<typeof askedStep>[0], remembered?: unknown) {
  const asked = askedStep(more);
  const step = { ...asked.step, output };
  return generateStructuredOutputWithBilling(dependencies, { ...asked, step }, remembered);
}

describe("a call", () => {
  it("is let through, written down, made, and paid for, in this order", async () => {
    expect(await generateText()).toEqual(told);
    expect(doneInOrder()).toEqual(["admit", "open", "made", "send", "ended", "settle", "settled", "leave"]);
  });

  it("is written down under the price of its model, with what it may cost and when it is lost", async () => {
    const asked = askedStep();
    await generateTextWithBilling(dependencies, asked);
    const promptTokens = 8 + 5 + 3 * 16;
    const holdUsd = dearestWorstCaseUsd([candidates["models/flash"]], asked.step, promptTokens);
    expect(detailsOf("open")).toEqual([
      [
        {
          ...metadata,
          id: expect.stringMatching(/^call_/),
          price: prices.flash,
          routedTo: [],
          holdUsd,
          worstUsd: holdUsd,
          promptWorstUsd: promptWorstCaseUsd(candidates["models/flash"], promptTokens),
          reserveUsd: asked.reserveUsd(),
          timeoutSeconds: 45,
        },
      ],
    ]);
  });

  it("is sent as it was asked for, with room for its thoughts, under the id that was written down", async () => {
    const { signal } = new AbortController();
    await generateText({ signal });
    const [[intent]] = detailsOf("open") as [[{ id: string }]];
    const limits = { maxOutputTokens: 4_196, thinking: { thinkingLevel: "LOW" } };
    expect(detailsOf("send")).toEqual([
      [
        {
          callId: intent.id,
          model: "models/flash",
          role: "draft",
          system: "Be kind.",
          parts: ["Hello"],
          serviceTier: "standard",
          timeoutSeconds: 30,
          signal,
          onText: undefined,
          ...limits,
        },
      ],
    ]);
    // Bytes of the prompt, 16 for each part and 16 for the whole, and all that may be answered.
    expect(detailsOf("admit")).toEqual([["flash", 8 + 5 + 3 * 16 + 4_196]]);
    expect(detailsOf("made")).toEqual([
      [
        {
          id: intent.id,
          model: "flash",
          agentId: "messaging_ai",
          stepKey: "draft",
          maxOutputTokens: 4_196,
          isStreamed: false,
          isStructured: false,
        },
      ],
    ]);
  });

  it("is settled with its answer, of which enough is remembered to read it again", async () => {
    await generateText();
    const [[, answer]] = detailsOf("settle") as [[string, object]];
    expect(answer).toEqual({ ...answered, stepResult: { text: "Hi", finishReason: "STOP" } });
    expect(detailsOf("ended")).toEqual([[answered]]);
    expect(detailsOf("settled")).toEqual([[settledCall]]);
    expect(detailsOf("leave")).toEqual([[pass, "answered", 9]]);
  });

  it("needs no observer and no gate", async () => {
    const { observer: _none, ...request } = askedStep();
    expect(await generateTextWithBilling(withoutGate, request)).toEqual(told);
    expect(doneInOrder()).toEqual(["open", "send", "settle"]);
    answers.notOpened = () => ({ kind: "fenced" });
    expect(await generateTextWithBilling(dependencies, request)).toEqual({ kind: "fenced" });
    answers.admit = () => wait(700);
    expect(await generateTextWithBilling(dependencies, request)).toMatchObject({ kind: "model_wait" });
  });
});

describe("an answer that is remembered", () => {
  it("is read again, and nothing is sent or paid", async () => {
    expect(await generateText({}, { text: "Earlier" })).toEqual({ kind: "answered", value: "Earlier" });
    expect(await generateObject({}, { text: '{"reply":"Earlier"}', finishReason: "STOP" })).toEqual({
      kind: "answered",
      value: { reply: "Earlier" },
      finishReason: "STOP",
    });
    const blocked = { text: "", blockReason: "SAFETY", harmCategories: ["HARM"] };
    const told = { kind: "blocked", reason: "SAFETY", harmCategories: ["HARM"] };
    expect(await generateText({}, blocked)).toEqual(told);
    expect(await generateObject({}, blocked)).toEqual(told);
    expect(events).toEqual([]);
  });

  it("is not made up where it is none", async () => {
    await expect(generateText({}, { answer: "Earlier" })).rejects.toThrow();
    await expect(generateText({}, null)).rejects.toThrow();
  });
});

describe("an answer that has to fit a schema", () => {
  it("is asked for by it, and read by it", async () => {
    answers.generate = () => ({ ...answered, text: '{"reply":"Hi"}' });
    const value = { reply: "Hi" };
    expect(await generateObject()).toEqual({ kind: "answered", value, finishReason: "STOP" });
    expect(detailsOf("send")).toMatchObject([[{ jsonSchema: modelSchemaOf(output) }]]);
    expect(detailsOf("made")).toMatchObject([[{ isStructured: true }]]);
    const { finishReason: _none, ...endless } = answered;
    answers.generate = () => ({ ...endless, text: '{"reply":"Hi"}' });
    expect(await generateObject()).toEqual({ kind: "answered", value });
  });

  it("is told of as it came where it does not", async () => {
    answers.generate = () => ({ ...answered, text: '{"rep', finishReason: "MAX_TOKENS" });
    expect(await generateObject()).toMatchObject({ kind: "output_invalid", isCutOff: true, answer: '{"rep' });
    answers.generate = () => ({ ...answered, text: "{}" });
    expect(await generateObject()).toMatchObject({ kind: "output_invalid", isCutOff: false });
  });
});

describe("an answer that Gemini refuses to give", () => {
  it("is paid for and remembered, and tells why", async () => {
    answers.generate = () => ({ ...answered, text: "", blockReason: "SAFETY", harmCategories: ["HARM"] });
    expect(await generateText()).toEqual({ kind: "blocked", reason: "SAFETY", harmCategories: ["HARM"] });
    const stepResult = { text: "", finishReason: "STOP", blockReason: "SAFETY", harmCategories: ["HARM"] };
    expect(detailsOf("settle")).toMatchObject([[expect.anything(), { stepResult }]]);
    answers.generate = () => ({ ...answered, blockReason: "SPII" });
    expect(await generateObject()).toEqual({ kind: "blocked", reason: "SPII", harmCategories: [] });
  });
});

describe("a text that is streamed", () => {
  const stream = async (pieces: string[], generate: typeof generateText) => {
    const heard: string[] = [];
    answers.generate = ({ onText }) => {
      for (const piece of pieces) onText?.(piece);
      return answered;
    };
    await generate({ streams: { field: "reply", onText: (text) => heard.push(text) } });
    return heard;
  };

  it("is heard as it comes", async () => {
    expect(await stream(["Hel", "", "lo"], generateText)).toEqual(["Hel", "lo"]);
    expect(detailsOf("made")).toMatchObject([[{ isStreamed: true }]]);
  });

  it("is the one field that is shown, of an object", async () => {
    const pieces = ['{"other": "no", "rep', 'ly": "Hel', "lo", '", "more": 1}'];
    expect(await stream(pieces, generateObject as typeof generateText)).toEqual(["Hel", "lo"]);
  });
});

describe("a call without an answer", () => {
  it("that was lost stays open, with what is known of it", async () => {
    const words = { words: { message: "Overloaded.", requestId: "r" } };
    const lost: Generation = { kind: "lost", reason: "timeout", usage: { totalTokenCount: 4 }, ...words };
    answers.generate = () => lost;
    answers.lose = () => Promise.reject(new Error("Postgres is away."));
    expect(await generateText(withFallback)).toEqual(lost);
    expect(detailsOf("lose")).toEqual([[expect.any(String), { ...lost, isCancelled: false }]]);
    expect(detailsOf("leave")).toEqual([[pass, "failed", undefined]]);
    expect(doneInOrder()).not.toContain("settle");
  });

  it("that was cancelled is over", async () => {
    answers.generate = () => ({ kind: "lost", reason: "cancelled" });
    await generateText();
    expect(detailsOf("lose")).toMatchObject([[expect.any(String), { isCancelled: true }]]);
    expect(detailsOf("leave")).toEqual([[pass, "unjudged", undefined]]);
  });

  it("that was refused gives its hold back, and pauses nothing", async () => {
    const refused: Generation = { kind: "refused", httpStatus: 430, errorCode: "odd", retryable: false };
    answers.generate = () => refused;
    expect(await generateText(withFallback)).toEqual(refused);
    expect(detailsOf("settle")).toEqual([[expect.any(String), refused]]);
    expect(doneInOrder()).toEqual(["admit", "open", "made", "send", "ended", "settle", "leave"]);
  });
});
