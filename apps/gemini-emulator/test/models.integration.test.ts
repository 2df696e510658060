import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type Emulated, emulate, hello } from "./emulated.ts";

/** What tells Gemini's models apart. */

let emulated: Emulated;
beforeAll(async () => {
  emulated = await emulate();
});
beforeEach(() => emulated.post("/_emulator/reset", {}));
afterAll(() => emulated.emulator.stop());

describe("thinking and limits", () => {
  const ask = async (model: string, config: object) =>
    emulated.sdk.models.generateContent({
      model,
      contents: "Why is the sky blue?",
      config: { automaticContinuation: false, ...config },
    });

  it("thinks with thinking models, within the budget, beside the text", async () => {
    const { usageMetadata: usage } = await ask("gemini-2.5-pro", {});
    expect(usage?.thoughtsTokenCount).toBeGreaterThan(0);
    expect(usage?.totalTokenCount).toBe(
      (usage?.promptTokenCount ?? 0) + (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
    );
    expect(
      (await ask("gemini-2.5-flash", { thinkingConfig: { thinkingBudget: 20 } })).usageMetadata
        ?.thoughtsTokenCount,
    ).toBe(20);
    for (const [model, config] of [
      ["gemini-2.5-flash", { thinkingConfig: { thinkingBudget: 0 } }],
      ["gemini-2.5-flash-lite", {}],
    ] as const) {
      expect((await ask(model, config)).usageMetadata?.thoughtsTokenCount).toBeUndefined();
    }
    await expect(ask("gemini-2.5-pro", { thinkingConfig: { thinkingBudget: 0 } })).rejects.toMatchObject({
      status: 400,
    });
    await expect(ask("gemini-2.5-pro", { thinkingConfig: { thinkingBudget: 127 } })).rejects.toMatchObject({
      status: 400,
    });
  });

  const thoughtsAt = async (model: string, thinkingLevel: string, contents = "Why is the sky blue?") => {
    const config = { automaticContinuation: false, thinkingConfig: { thinkingLevel } } as object;
    const { usageMetadata } = await emulated.sdk.models.generateContent({ model, contents, config });
    return usageMetadata?.thoughtsTokenCount ?? 0;
  };

  it.each([
    ["gemini-3-flash-preview", "HIGH", ["LOW", "MEDIUM"]],
    ["gemini-3.1-pro-preview", "HIGH", ["LOW", "MEDIUM"]],
    ["gemini-3.6-flash", "MEDIUM", ["LOW"]],
    ["gemini-3.8-flash", "MEDIUM", ["LOW"]],
    ["gemini-4-argon", "MEDIUM", ["LOW"]],
    ["gemini-4-carbon", "MEDIUM", ["LOW"]],
    ["gemini-4-hydrogen", "HIGH", ["LOW", "MEDIUM"]],
    ["gemini-4-neon", "HIGH", ["LOW", "MEDIUM"]],
  ])("%s thinks at %s unless told otherwise, and less at lower levels", async (model, byDefault, lower) => {
    const thoughts = (await ask(model, {})).usageMetadata?.thoughtsTokenCount ?? 0;
    expect(await thoughtsAt(model, byDefault)).toBe(thoughts);
    const counts = await Promise.all(lower.map((level) => thoughtsAt(model, level)));
    expect([...counts, thoughts]).toEqual([...counts, thoughts].sort((one, other) => one - other));
    expect(new Set([0, ...counts, thoughts]).size).toBe(counts.length + 2);
  });

  it("hardly ever thinks at MINIMAL, and then a little", async () => {
    const messages = Array.from({ length: 64 }, (_, index) => `Message ${index}`);
    const counts = await Promise.all(
      messages.map((text) => thoughtsAt("gemini-3.5-flash-lite", "MINIMAL", text)),
    );
    const thought = counts.filter((count) => count > 0);
    expect(thought.length).toBeGreaterThan(0);
    expect(thought.length).toBeLessThan(32);
    expect(Math.max(...counts)).toBeLessThanOrEqual(32);
  });

  it("overshoots a budget where that is but a hint", async () => {
    const config = { thinkingConfig: { thinkingBudget: 1 } };
    expect((await ask("gemini-3.6-flash", config)).usageMetadata?.thoughtsTokenCount).toBeGreaterThan(1);
  });

  const refusesLevel = "is not supported for this model. Please retry with other thinking level.";
  const refusesBudget = "Thinking budget is not supported for this model.";
  it.each([
    ["gemini-2.5-flash", { thinkingLevel: "LOW" }, "Thinking level is not supported for this model."],
    ["gemini-2.5-pro", { thinkingBudget: 127 }, /^The thinking budget 127 is invalid\./],
    ["gemini-2.5-flash-lite", { thinkingBudget: 511 }, /^The thinking budget 511 is invalid\./],
    ["gemini-2.5-flash", { thinkingBudget: 24_577 }, /^The thinking budget 24577 is invalid\./],
    ["gemini-3.1-pro-preview", { thinkingLevel: "MINIMAL" }, `Thinking level MINIMAL ${refusesLevel}`],
    ["gemini-3.7-flash", { thinkingLevel: "minimal" }, `Thinking level MINIMAL ${refusesLevel}`],
    ["gemini-3.8-flash", { thinkingLevel: "MINIMAL" }, `Thinking level MINIMAL ${refusesLevel}`],
    ["gemini-4-argon", { thinkingLevel: "XHIGH" }, `Thinking level XHIGH ${refusesLevel}`],
    ["gemini-4-neon", { thinkingLevel: "MINIMAL" }, `Thinking level MINIMAL ${refusesLevel}`],
    [
      "gemini-3.6-flash",
      { thinkingBudget: 0 },
      "Budget 0 is invalid. This model only works in thinking mode.",
    ],
    ["gemini-3.7-flash", { thinkingBudget: 0 }, refusesBudget],
    ["gemini-3.8-flash", { thinkingBudget: 1_000 }, refusesBudget],
    ["gemini-4-hydrogen", { thinkingBudget: -1 }, refusesBudget],
    ["gemini-3.5-flash-lite", { thinkingLevel: "BOGUS" }, /thinking_level' \(.*\.ThinkingLevel\), "BOGUS"$/],
    [
      "gemini-3.5-flash-lite",
      { thinkingLevel: "LOW", thinkingBudget: 5 },
      "You can only set only one of thinking budget and thinking level.",
    ],
  ])("refuses %s with %j, in Gemini's words", async (model, thinkingConfig, message) => {
    const response = await emulated.post(`/v1/models/${model}:generateContent`, {
      ...hello,
      generationConfig: { thinkingConfig },
    });
    const { error } = (await response.json()) as { error: { status: string; message: string } };
    expect([response.status, error.status]).toEqual([400, "INVALID_ARGUMENT"]);
    if (typeof message === "string") expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
  });

  it("caps thoughts and text together", async () => {
    const starved = await ask("gemini-2.5-flash", { maxOutputTokens: 10 });
    expect(starved.candidates?.[0]).toEqual({
      content: { role: "model" },
      finishReason: "MAX_TOKENS",
      index: 0,
    });
    expect(starved.usageMetadata).toMatchObject({ thoughtsTokenCount: 10 });
    expect(starved.usageMetadata?.candidatesTokenCount).toBeUndefined();
    const cut = await ask("gemini-2.5-flash", { maxOutputTokens: 5, thinkingConfig: { thinkingBudget: 0 } });
    expect(cut.candidates?.[0]?.finishReason).toBe("MAX_TOKENS");
    expect(cut.usageMetadata?.candidatesTokenCount).toBeLessThanOrEqual(5);
    expect(cut.text).not.toBe("");
  });

  it.each([
    ["gemini-2.5-flash", { thinkingBudget: 0 }, 200, 2_048],
    ["gemini-3.5-flash-lite", { thinkingLevel: "MINIMAL" }, 400, 4_096],
    ["gemini-4-neon", { thinkingLevel: "LOW" }, 400, 4_096],
  ])(
    "%s bills the beginning of a prompt that it has seen as cached, from its least on",
    async (model, thinkingConfig, tooFew, least) => {
      // 9.25 tokens each.
      const instruction = (times: number) => "You are kind to everyone who writes. ".repeat(times);
      const run = async (text: string, systemInstruction: string) => {
        const config = { automaticContinuation: false, thinkingConfig, systemInstruction } as object;
        const { usageMetadata } = await emulated.sdk.models.generateContent({
          model,
          contents: text,
          config,
        });
        return usageMetadata?.cachedContentTokenCount;
      };
      expect(await run("one", instruction(tooFew))).toBeUndefined();
      expect(await run("two", instruction(tooFew))).toBeUndefined();
      expect(await run("three", `Now. ${instruction(2 * tooFew)}`)).toBeUndefined();
      const cached = await run("four", `Now. ${instruction(2 * tooFew)}`);
      expect(cached).toBeGreaterThanOrEqual(least);
      expect((await emulated.bill()).totals[model]?.cachedContentTokenCount).toBe(cached);
    },
  );
});

describe("a model that is shut down", () => {
  it.each([
    ["gemini-2.0-flash-001", "gemini-3.8-flash"],
    ["gemini-2.0-flash-lite", "gemini-3.8-flash"],
    ["gemini-2.5-flash-preview-09-2025", "gemini-3.8-flash"],
    ["gemini-3-pro-preview", "gemini-3.1-pro-preview"],
    ["gemini-3.1-flash-lite-preview", "gemini-3.1-flash-lite"],
    ["text-embedding-004", "gemini-embedding-2"],
  ])("%s: is refused, and another named", async (model, successor) => {
    const method = model.includes("embedding") ? "embedContent" : "generateContent";
    const response = await emulated.post(`/v1beta/models/${model}:${method}`, hello);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      error: {
        status: "NOT_FOUND",
        message: `This model models/${model} is no longer available. Please update your code to use models/${successor} for the latest features and improvements.`,
      },
    });
  });
});
