import { describe, expect, it } from "@jest/globals";
import { chat } from "../src/chat.ts";
import type { Agent } from "../src/define-agent.ts";
import { necessaryCallsOf } from "../src/define-agent.ts";
import { type Canned, cannedTools, fine, refused } from "./canned-tools.ts";

const draft = { response: "Thank you, that means a lot!", confidence: 0.8 };
const suggestion = {
  message: "I have a new set you might like.",
  tactics: ["bundle"],
  suggestedPrice: 9.99,
  expectedConversionRate: 0.2,
  alternativeMessages: [],
  confidence: 0.7,
};
const usual = {
  "compliance-message/check": fine,
  "messaging/draft": draft,
  "compliance-draft/check": fine,
  "sales/offer": suggestion,
  "compliance-offer/check": fine,
};

async function run(message: string, canned: Canned = {}, more: object = {}) {
  const { tools, seen } = cannedTools({ ...canned, answers: { ...usual, ...canned.answers } });
  const result = await chat.run(chat.input.parse({ fanId: "f", message, ...more }), tools);
  return { result: chat.output.parse(result), seen, keys: seen.requests.map(({ key }) => key) };
}

describe("chat", () => {
  it("checks the message, drafts, and checks the draft", async () => {
    const { result, keys, seen } = await run("I love your work");
    expect(keys).toEqual(["compliance-message/check", "messaging/draft", "compliance-draft/check"]);
    expect(result).toEqual({ ...draft, compliance: fine, insightsUsed: [] });
    expect(seen.shared).toEqual([]);
  });

  it("makes each of its necessary calls under the step that is held for", async () => {
    const held = necessaryCallsOf(chat as unknown as Agent, { fanId: "f", message: "I love your work" });
    const { keys } = await run("I love your work");
    expect(held.map(({ step }) => step)).toEqual(keys);
    expect(held.map(({ model }) => model)).toEqual([
      "gemini-2.5-flash-lite",
      undefined,
      "gemini-2.5-flash-lite",
    ]);
  });

  it("offers something to who asks, once compliance has read it, and remembers the interest without the words", async () => {
    const { result, keys, seen } = await run("How much is a custom video, marker?");
    expect(keys.slice().sort()).toEqual(Object.keys(usual).sort());
    expect(result).toMatchObject({
      response: draft.response,
      suggestedUpsell: suggestion.message,
      salesTactics: ["bundle"],
      suggestedPrice: "9.99",
    });
    expect(seen.shared).toMatchObject([
      { type: "fan_interest", scope: "creator", fanId: "f", text: "Asked to buy: custom content, videos." },
    ]);
    expect(JSON.stringify(seen.shared)).not.toContain("marker");
  });

  it.each([
    ["has bought before", { context: { purchaseHistory: [{ item: "set", priceUsd: "9.99" }] } }],
    ["is well engaged", { context: { engagementLevel: "high" } }],
    ["has talked a while", { history: Array(4).fill({ from: "fan", text: "nice one" }) }],
  ])("offers something to a fan who %s", async (_name, more) => {
    expect((await run("Good morning!", {}, more)).result.suggestedUpsell).toBe(suggestion.message);
  });

  it.each([
    ["a stranger's greeting", "Good morning!", {}],
    ["a no", "No thanks, I don't want to buy anything", { context: { engagementLevel: "high" } }],
    [
      "a no that was said before",
      "Good morning!",
      { history: [{ from: "fan", text: "no thanks" }], context: { engagementLevel: "high" } },
    ],
    ["grief", "My dad passed away last week", { context: { engagementLevel: "high" } }],
    ["want", "I lost my job, how much is a video?", {}],
    [
      "what the app knows of a fan's distress",
      "How much is it?",
      { context: "The fan said they are in debt." },
    ],
    [
      "a worry a few turns ago",
      "How much is it?",
      { history: [{ from: "fan", text: "i want to kill myself" }] },
    ],
  ])("offers nothing to %s", async (_name, message, more) => {
    const { result, keys } = await run(message, {}, more);
    expect(keys).not.toContain("sales/offer");
    expect(result.response).toBe(draft.response);
    expect(result).not.toHaveProperty("suggestedUpsell");
    expect(result).not.toHaveProperty("suggestedPrice");
  });

  it("reads the conversation that it remembers, where the app gives none", async () => {
    const conversation = { turns: [{ from: "fan" as const, text: "no thanks" }] };
    const { keys } = await run("Hi!", { conversation }, { context: { engagementLevel: "high" } });
    expect(keys).not.toContain("sales/offer");
  });

  it.each(["spam", "prompt_injection", "hate", "minors"])(
    "pays for nothing more after %s",
    async (category) => {
      const { result, keys } = await run("m", { answers: { "compliance-message/check": refused(category) } });
      expect(keys).toEqual(["compliance-message/check"]);
      expect(result).toMatchObject({
        response: null,
        compliance: { allowed: false, categories: [category] },
      });
    },
  );

  it("answers distress with care and no offer, and says what compliance said", async () => {
    const { result, keys, seen } = await run("I want to die. How much is a video?", {
      answers: { "messaging/draft": { response: "I'm so glad you told me.", confidence: 0.4 } },
    });
    expect(keys).toEqual(["compliance-message/check", "messaging/draft", "compliance-draft/check"]);
    expect(result).toMatchObject({
      response: "I'm so glad you told me.",
      compliance: { allowed: false, categories: ["self_harm"], severity: "critical" },
    });
    expect(seen.shared).toEqual([]);
  });

  it("shows compliance's rewrite of a refused draft, once that has passed", async () => {
    const { result, keys } = await run("Hi!", {
      answers: {
        "compliance-draft/check": refused("platform_rules", "A safer one."),
        "compliance-rewrite/check": fine,
      },
    });
    expect(keys.at(-1)).toBe("compliance-rewrite/check");
    expect(result).toMatchObject({ response: "A safer one.", compliance: { allowed: true } });
  });

  it.each([
    [
      "its rewrite is refused too",
      { "compliance-draft/check": refused("hate", "x"), "compliance-rewrite/check": refused("hate", "y") },
    ],
    ["there is no rewrite", { "compliance-draft/check": refused("hate") }],
    [
      "the rewrite breaks a rule that code knows",
      {
        "compliance-draft/check": refused("hate", "Call me on +49 170 1234567"),
        "compliance-rewrite/check": fine,
      },
    ],
  ])("shows nothing of a refused draft where %s", async (_name, answers) => {
    const { result } = await run("How much is a video?", { answers });
    expect(result).toMatchObject({ response: null, compliance: { allowed: false } });
    expect(result).not.toHaveProperty("suggestedUpsell");
  });

  it.each([
    ["sales fails", { "sales/offer": new Error("down") }],
    ["its check fails", { "compliance-offer/check": new Error("down") }],
    ["compliance refuses the offer", { "compliance-offer/check": refused("platform_rules", "x") }],
    ["the offer presses", { "sales/offer": { ...suggestion, message: "Last chance, only 2 left!" } }],
  ])("is answered without an offer where %s", async (_name, answers) => {
    const { result } = await run("How much is a video?", { answers });
    expect(result.response).toBe(draft.response);
    expect(result).not.toHaveProperty("suggestedUpsell");
    expect(result).not.toHaveProperty("salesTactics");
  });

  it.each(["compliance-message/check", "compliance-draft/check", "messaging/draft"])(
    "fails where %s fails: nothing is shown unread",
    async (key) => {
      await expect(run("How much is a video?", { answers: { [key]: new Error("down") } })).rejects.toThrow(
        "down",
      );
    },
  );
});
