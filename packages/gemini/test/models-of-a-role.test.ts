import { describe, expect, it } from "@jest/globals";
import { dearestWorstCaseUsd, type Price } from "@understudy/ledger";
import { generateTextWithBilling } from "../src/generate-with-billing.ts";
import type { Generation } from "../src/generation.ts";
import {
  answered,
  answers,
  askedStep,
  available,
  candidates,
  dependencies,
  detailsOf,
  doneInOrder,
  generateText,
  pass,
  told,
  wait,
  withFallback,
  withoutGate,
} from "./billed-run.ts";

const rateLimited = (retryAfterMs?: number): Generation => ({
  kind: "refused",
  httpStatus: 429,
  errorCode: "resource_exhausted",
  retryable: true,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});
/** Gemini refuses the models that are named here, and answers the others. */
const refusing = (...models: string[]) => {
  answers.generate = ({ model }) => (models.includes(model) ? rateLimited(3_000) : answered);
};
const modelsSent = () => detailsOf("send").map(([request]) => (request as { model: string }).model);

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

  it("is there again once it answers", async () => {
    gone("models/flash");
    await ask();
    expect(available).toEqual(["lite"]);
    gone();
    await ask();
    expect(available).toEqual(["lite", "flash"]);
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
