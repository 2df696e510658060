import { describe, expect, it } from "@jest/globals";
import { modelSchemaOf, spare } from "@understudy/contracts";
import {
  type CallIntent,
  type CallOpening,
  dearestWorstCaseUsd,
  type Price,
  promptWorstCaseUsd,
  sumUsd,
} from "@understudy/ledger";
import { z } from "zod";
import {
  generateStructuredOutputWithBilling,
  generateTextWithBilling,
} from "../src/generate-with-billing.ts";
import type { Generation } from "../src/generation.ts";
import type { Admission } from "../src/model-gate/model-gate.ts";
import {
  answered,
  answers,
  askedStep,
  candidates,
  dependencies,
  detailsOf,
  doneInOrder,
  events,
  metadata,
  prices,
  settledCall,
  withoutGate,
} from "./billed-run.ts";

const output = z.object({ reply: z.string() });
type More = Parameters<typeof askedStep>[0];
const generateText = (more?: More, remembered?: unknown) =>
  generateTextWithBilling(dependencies, askedStep(more), remembered);
function generateObject(more?: More, remembered?: unknown) {
  const asked = askedStep(more);
  const step = { ...asked.step, output };
  return generateStructuredOutputWithBilling(dependencies, { ...asked, step }, remembered);
}

/** What a caller hears of `answered`. */
const told = { kind: "answered", value: "Hi", finishReason: "STOP" };
const pass = { model: "flash", bucket: 1, tokens: 2, probe: 3 };
const rateLimited = (retryAfterMs?: number): Generation => ({
  kind: "refused",
  httpStatus: 429,
  errorCode: "resource_exhausted",
  retryable: true,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});
const wait = (delayMs: number, why: "paused" | "rate" | "breaker" = "rate"): Admission => ({
  kind: "wait",
  delayMs,
  why,
});
/** Gemini refuses the models that are named here, and answers the others. */
const refusing = (...models: string[]) => {
  answers.generate = ({ model }) => (models.includes(model) ? rateLimited(3_000) : answered);
};
const withFallback = { role: "offer" } as const;
const modelsSent = () => detailsOf("send").map(([request]) => (request as { model: string }).model);

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
    answers.open = { kind: "fenced" };
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

describe("a call that is not made", () => {
  it.each([{ kind: "fenced" }, { kind: "wait", waitingFor: "quota", requiredUsd: "1" }] as const)(
    "is not sent where the ledger has no room for it, and takes up none of its model: $kind",
    async (opening) => {
      answers.open = opening;
      expect(await generateText(withFallback)).toEqual(opening);
      expect(doneInOrder()).toEqual(["admit", "open", "not made", "leave"]);
      expect(detailsOf("not made")).toEqual([["flash", opening]]);
      expect(detailsOf("leave")).toEqual([[pass, "unsent", undefined]]);
    },
  );

  it("takes up none of its model either where it can't be written down", async () => {
    answers.generate = () => {
      throw new Error("A fault.");
    };
    await expect(generateText()).rejects.toThrow("A fault.");
    expect(detailsOf("leave")).toEqual([[pass, "unsent", undefined]]);
  });

  it("is not written down where its model can't be called now", async () => {
    answers.admit = () => wait(700, "breaker");
    expect(await generateText()).toEqual({ kind: "model_wait", delayMs: 700, why: "breaker" });
    expect(doneInOrder()).toEqual(["admit", "not made"]);
    expect(detailsOf("not made")).toEqual([["flash", wait(700, "breaker")]]);
  });

  it("names the models that have a price where its own has none", async () => {
    const unknown = { kind: "unknown_model", models: ["flash", "lite"] };
    expect(await generateText({ model: "ultra", ...withFallback })).toEqual({ ...unknown, model: "ultra" });
    expect(await generateText({ serviceTier: "flex" })).toEqual({ ...unknown, model: "models/flash" });
    expect(events).toEqual([]);
  });
});

describe("a step for which there is not enough room", () => {
  const usd = (tokens: number, outputTokens: number) =>
    sumUsd([String(tokens + 2 * outputTokens)])
      .div(1_000_000)
      .toFixed();
  const step = {
    ...({ role: "draft", system: "Be kind.", maxOutputTokens: 100, leastOutputTokens: 20 } as const),
    ...{ partsBytesMax: 21, spareBytesMax: 1_016 },
  };
  const parts = [spare("x".repeat(1_000)), "Hello"];
  const ask = (more: object = {}) =>
    generateTextWithBilling(dependencies, { ...askedStep(), step, parts, ...more });
  const holds = () => detailsOf("open").map(([intent]) => (intent as CallIntent).holdUsd.toFixed());
  const refusedAt: CallOpening = { kind: "no_room", requiredUsd: "1" } as never;
  const wholeUsd = usd(13 + 48 + 1_016, 4_196);
  const shortUsd = usd(13 + 48 + 1_016, 4_116);
  const bareUsd = usd(13 + 48, 4_116);
  /** Opens a call of those that hold no more than that. */
  const roomFor = (mostUsd: string, otherwise: CallOpening) => {
    answers.open = ({ holdUsd }) =>
      holdUsd.lte(mostUsd) ? { kind: "open", startedAt: new Date(7) } : otherwise;
  };

  it("is asked as it is where there is enough", async () => {
    roomFor(wholeUsd, refusedAt);
    await ask();
    expect(holds()).toEqual([wholeUsd]);
    expect(detailsOf("send")).toMatchObject([
      [{ parts: ["x".repeat(1_000), "Hello"], maxOutputTokens: 4_196 }],
    ]);
  });

  it.each([refusedAt, { kind: "wait", waitingFor: "quota", requiredUsd: "1" } as const])(
    "is asked for its shortest answer, instead of being refused: $kind",
    async (otherwise) => {
      roomFor(shortUsd, otherwise);
      expect(await ask()).toEqual(told);
      expect(holds()).toEqual([wholeUsd, shortUsd]);
      expect(detailsOf("send")).toMatchObject([
        [{ parts: ["x".repeat(1_000), "Hello"], maxOutputTokens: 4_116 }],
      ]);
      // What it may cost at most is what it was opened with.
      const [, intent] = detailsOf("open").map(([intent]) => intent as CallIntent);
      expect([intent?.worstUsd.toFixed(), intent?.promptWorstUsd.toFixed()]).toEqual([
        shortUsd,
        usd(13 + 48 + 1_016, 0),
      ]);
    },
  );

  it("goes without what can be spared only where what is spent leaves no room for it", async () => {
    roomFor(bareUsd, refusedAt);
    expect(await ask()).toEqual(told);
    expect(holds()).toEqual([wholeUsd, shortUsd, bareUsd]);
    expect(detailsOf("send")).toMatchObject([[{ parts: ["Hello"], maxOutputTokens: 4_116 }]]);
  });

  it("waits rather than go without, where others' holds alone keep it out", async () => {
    const waits = { kind: "wait", waitingFor: "quota", requiredUsd: "1" } as const;
    roomFor(bareUsd, waits);
    expect(await ask()).toEqual(waits);
    expect(holds()).toEqual([wholeUsd, shortUsd]);
  });

  it.each([{ kind: "fenced" }, { kind: "wait", waitingFor: "paused", requiredUsd: "1" }] as const)(
    "is not asked for less where that would not help: %j",
    async (opening) => {
      answers.open = opening;
      expect(await ask()).toEqual(opening);
      expect(holds()).toEqual([wholeUsd]);
    },
  );

  it("has one length where it declares no other, and nothing to leave out", async () => {
    answers.open = refusedAt;
    await ask({ step: { ...step, leastOutputTokens: 100 }, parts: ["Hello"] });
    expect(holds()).toEqual([usd(13 + 48, 4_196)]);
  });

  it("says once that a call is written down with its hold, and never where it is not", async () => {
    roomFor(bareUsd, refusedAt);
    const heldAt: number[] = [];
    await ask({ onOpen: () => heldAt.push(holds().length) });
    expect(heldAt).toEqual([3]);
    answers.open = refusedAt;
    await ask({ onOpen: () => heldAt.push(holds().length) });
    expect(heldAt).toEqual([3]);
  });

  it("asks what else the job holds each time that a call is written down", async () => {
    answers.open = refusedAt;
    let asked = 0;
    await ask({ reserveUsd: () => sumUsd([String(++asked)]) });
    expect(detailsOf("open").map(([intent]) => (intent as CallIntent).reserveUsd.toNumber())).toEqual([
      1, 2, 3,
    ]);
  });
});

describe("a step that is longer than it is declared", () => {
  it.each([
    ["its parts", ["Hello!"], "22 bytes of at most 21, and 0 to spare of at most 0"],
    ["what it could spare", ["Hello", spare("")], "21 bytes of at most 21, and 16 to spare of at most 0"],
  ])("is neither held for nor sent, and told in figures alone: %s", async (_what, parts, figures) => {
    await expect(generateText({ parts })).rejects.toThrow(
      `The step "draft" is longer than it is declared: ${figures}.`,
    );
    expect(events).toEqual([]);
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

describe("a 429", () => {
  it("pauses its model before anything else happens, for as long as it asks", async () => {
    refusing("models/flash");
    expect(await generateText()).toEqual({ kind: "model_wait", why: "paused", delayMs: 3_001 });
    expect(detailsOf("pause")).toEqual([["flash", 3_000]]);
    expect(doneInOrder()).toEqual(["admit", "open", "made", "send", "ended", "pause", "settle", "leave"]);
  });

  it("pauses it for five seconds where it does not say how long", async () => {
    answers.generate = () => rateLimited();
    await generateText();
    expect(detailsOf("pause")).toEqual([["flash", 5_000]]);
    const waitOf = async (retryAfterMs?: number) => {
      answers.generate = () => rateLimited(retryAfterMs);
      return generateTextWithBilling(withoutGate, askedStep());
    };
    expect(await waitOf()).toEqual({ kind: "model_wait", why: "paused", delayMs: 5_000 });
    expect(await waitOf(0)).toEqual({ kind: "model_wait", why: "paused", delayMs: 0 });
  });
});

describe("the next model of a role", () => {
  it("is called where the model can't be, as a call of its own", async () => {
    refusing("models/flash");
    expect(await generateText(withFallback)).toEqual(told);
    expect(modelsSent()).toEqual(["models/flash", "lite"]);
    const intents = detailsOf("open").map(([intent]) => intent as { id: string; price: Price });
    expect(intents.map(({ price }) => price.model)).toEqual(["flash", "lite"]);
    expect(intents[0]?.id).not.toBe(intents[1]?.id);
    answers.admit = (model) => (model === "flash" ? wait(9) : { kind: "go", pass });
    expect(await generateText(withFallback)).toMatchObject({ kind: "answered" });
    expect(modelsSent()).toEqual(["models/flash", "lite", "lite"]);
  });

  it("is not called where the model answers", async () => {
    await generateText(withFallback);
    expect(modelsSent()).toEqual(["models/flash"]);
  });

  it("is held for as is the dearer of the two, whichever is called", async () => {
    refusing("models/flash");
    const asked = askedStep(withFallback);
    await generateTextWithBilling(dependencies, asked);
    const dearest = dearestWorstCaseUsd([candidates.lite], asked.step, 8 + 5 + 3 * 16);
    const holds = detailsOf("open").map(([intent]) => (intent as { holdUsd: unknown }).holdUsd);
    expect(holds).toEqual([dearest, dearest]);
  });

  it("may have to wait as well: then the shorter time counts", async () => {
    const waiting = async (flashMs: number, liteMs: number) => {
      answers.admit = (model) => (model === "flash" ? wait(flashMs, "rate") : wait(liteMs, "breaker"));
      return generateText(withFallback);
    };
    expect(await waiting(100, 200)).toEqual({ kind: "model_wait", delayMs: 100, why: "rate" });
    expect(await waiting(300, 200)).toEqual({ kind: "model_wait", delayMs: 200, why: "breaker" });
    expect(await waiting(200, 200)).toMatchObject({ why: "rate" });
  });
});

describe("a model that the provider does not have", () => {
  const gone = (...models: string[]) => {
    answers.generate = ({ model }) =>
      models.includes(model)
        ? { kind: "refused", httpStatus: 404, errorCode: "not_found", retryable: false }
        : answered;
  };
  const told: unknown[] = [];
  const onUnavailable = (...about: unknown[]) => void told.push(about);
  const ask = () => generateTextWithBilling({ ...dependencies, onUnavailable }, askedStep(withFallback));

  it("gives way to the next in the same attempt, under the same hold, and is told of once", async () => {
    gone("models/flash");
    expect(await ask()).toMatchObject({ kind: "answered", value: "Hi" });
    expect(modelsSent()).toEqual(["models/flash", "lite"]);
    const holds = detailsOf("open").map(([intent]) => (intent as { holdUsd: unknown }).holdUsd);
    expect(holds[0]).toEqual(holds[1]);
    expect(detailsOf("unavailable")).toEqual([["flash"]]);
    expect(told).toEqual([["flash", candidates.lite, candidates["models/flash"]]]);
    answers.isNews = false;
    await ask();
    expect(told).toHaveLength(1);
  });

  it("is not what another 404 says: something before the provider does not know the way", async () => {
    answers.generate = () => ({ kind: "refused", httpStatus: 404, errorCode: "http_404", retryable: true });
    expect(await ask()).toMatchObject({ kind: "refused", errorCode: "http_404" });
    expect(modelsSent()).toEqual(["models/flash"]);
    expect(detailsOf("unavailable")).toEqual([]);
  });

  it("refuses the job where there is no next", async () => {
    gone("models/flash", "lite");
    expect(await ask()).toMatchObject({ kind: "refused", httpStatus: 404 });
    expect(detailsOf("unavailable")).toEqual([["flash"], ["lite"]]);
    expect(told.at(-1)).toEqual(["lite", undefined, candidates.lite]);
  });

  it("lets the job wait where another only has to wait", async () => {
    gone("lite");
    answers.admit = (model) => (model === "flash" ? wait(9) : { kind: "go", pass });
    expect(await ask()).toMatchObject({ kind: "model_wait", delayMs: 9 });
  });
});
