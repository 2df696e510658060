import { describe, expect, it } from "@jest/globals";
import { spare } from "@understudy/contracts";
import { type CallIntent, type NotOpened, sumUsd } from "@understudy/ledger";
import { z } from "zod";
import {
  generateStructuredOutputWithBilling,
  generateTextWithBilling,
} from "../src/generate-with-billing.ts";
import {
  answered,
  answers,
  askedStep,
  dependencies,
  detailsOf,
  doneInOrder,
  events,
  generateText,
  pass,
  settledCall,
  told,
  wait,
  withFallback,
} from "./billed-run.ts";

const output = z.object({ reply: z.string() });

describe("a call that is not made", () => {
  it.each([{ kind: "fenced" }, { kind: "wait", waitingFor: "quota", requiredUsd: "1" }] as const)(
    "is not sent where the ledger has no room for it, and takes up none of its model: $kind",
    async (opening) => {
      answers.notOpened = () => opening;
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
  const oneLength = { ...step, leastOutputTokens: 100 };
  const ask = (more: object = {}) =>
    generateTextWithBilling(dependencies, { ...askedStep(), step, parts, ...more });
  const holds = () => detailsOf("open").map(([intent]) => (intent as CallIntent).holdUsd.toFixed());
  const refusedAt: NotOpened = { kind: "no_room", requiredUsd: "1" } as never;
  const wholeUsd = usd(13 + 48 + 1_016, 4_196);
  const shortUsd = usd(13 + 48 + 1_016, 4_116);
  const bareUsd = usd(13 + 48, 4_116);
  /** Opens a call of those that hold no more than that. */
  const roomFor = (mostUsd: string, otherwise: NotOpened) => {
    answers.notOpened = ({ holdUsd }) => (holdUsd.lte(mostUsd) ? undefined : otherwise);
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
      answers.notOpened = () => opening;
      expect(await ask()).toEqual(opening);
      expect(holds()).toEqual([wholeUsd]);
    },
  );

  describe("and whose thoughts use up what there is", () => {
    const thoughtAlone = { ...answered, text: "", finishReason: "MAX_TOKENS" };
    const waits = { kind: "wait", waitingFor: "quota", requiredUsd: "1" } as const;
    const stepResults = () => detailsOf("settle").map(([, ended]) => "stepResult" in (ended as object));

    it.each([refusedAt, waits])(
      "is paid for, has no room, and is asked anew another time: $kind",
      async (otherwise) => {
        roomFor(shortUsd, otherwise);
        answers.generate = () => ({ ...thoughtAlone, blockReason: "MAX_TOKENS" });
        expect(await ask()).toEqual(otherwise);
        expect(stepResults()).toEqual([false]);
        expect(detailsOf("settled")).toEqual([[settledCall]]);
      },
    );

    it("is the same of an object, which has no reason", async () => {
      let opened = 0;
      answers.notOpened = () => (++opened > 1 ? undefined : refusedAt);
      answers.generate = () => thoughtAlone;
      const asked = { ...askedStep(), step: { ...step, output }, parts };
      expect(await generateStructuredOutputWithBilling(dependencies, asked)).toEqual(refusedAt);
      expect(stepResults()).toEqual([false]);
    });

    it("is no want of room where it was asked as its step would have it, or had a word to say", async () => {
      answers.generate = () => ({ ...thoughtAlone, blockReason: "MAX_TOKENS" });
      expect(await ask()).toMatchObject({ kind: "blocked", reason: "MAX_TOKENS" });
      roomFor(shortUsd, refusedAt);
      answers.generate = () => ({ ...thoughtAlone, text: "We" });
      expect(await ask()).toMatchObject({ kind: "answered", value: "We" });
      answers.generate = () => ({ ...answered, text: "", blockReason: "NO_TEXT" });
      expect(await ask()).toMatchObject({ kind: "blocked", reason: "NO_TEXT" });
      roomFor(usd(13 + 48, 4_196), refusedAt);
      answers.generate = () => ({ ...thoughtAlone, blockReason: "MAX_TOKENS" });
      expect(await ask({ step: oneLength })).toMatchObject({ kind: "blocked" });
      expect(stepResults()).toEqual([true, true, true, true]);
    });
  });

  it("has one length where it declares no other, and nothing to leave out", async () => {
    answers.notOpened = () => refusedAt;
    await ask({ step: oneLength, parts: ["Hello"] });
    expect(holds()).toEqual([usd(13 + 48, 4_196)]);
  });

  it("says once that a call is written down with its hold, and never where it is not", async () => {
    roomFor(bareUsd, refusedAt);
    const heldAt: number[] = [];
    await ask({ onOpen: () => heldAt.push(holds().length) });
    expect(heldAt).toEqual([3]);
    answers.notOpened = () => refusedAt;
    await ask({ onOpen: () => heldAt.push(holds().length) });
    expect(heldAt).toEqual([3]);
  });

  it("asks what else the job holds each time that a call is written down", async () => {
    answers.notOpened = () => refusedAt;
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
