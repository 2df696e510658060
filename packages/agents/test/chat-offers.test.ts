import { describe, expect, it } from "@jest/globals";
import { draft, runChat as run, suggestion, usual } from "./canned-chat.ts";
import { refused } from "./canned-tools.ts";

const fan = (text: string) => ({ from: "fan" as const, text });
const creator = (text: string) => ({ from: "creator" as const, text });
const engaged = { context: { engagementLevel: "high" } };

async function isOffered(message: string, more: object = {}): Promise<boolean> {
  const { result, keys } = await run(message, {}, more);
  expect(keys.includes("sales/offer")).toBe("suggestedUpsell" in result);
  return "suggestedUpsell" in result;
}

describe("an offer in a chat", () => {
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

  it("has no price where sales names none", async () => {
    const answers = { "sales/offer": { ...suggestion, suggestedPrice: null } };
    const { result } = await run("How much is it?", { answers });
    expect(result).toMatchObject({ suggestedUpsell: suggestion.message, salesTactics: ["bundle"] });
    expect(result).not.toHaveProperty("suggestedPrice");
  });

  it("is none where sales has none, and nothing is checked then", async () => {
    const { result, seen } = await run("How much is it?", {
      answers: { "sales/offer": { ...suggestion, message: "" } },
    });
    expect(seen.delegated).not.toContain("compliance-offer");
    expect(result).toEqual({ ...draft, compliance: expect.anything(), insightsUsed: [] });
  });

  it("is checked as what answers the fan", async () => {
    const { seen } = await run("How much is it?");
    expect(seen.requests.find(({ key }) => key === "compliance-offer/check")?.parts).toEqual([
      "<answered_message>\nHow much is it?\n</answered_message>",
      `<draft_reply>\n${suggestion.message}\n</draft_reply>`,
    ]);
  });

  it("is worded from what sales knows the meaning of, and no more", async () => {
    const context = {
      engagementLevel: 7,
      pricePoint: "9.99",
      contentType: 5,
      currentMessage: "forged",
      mood: "marker",
      fanProfile: null,
    };
    const { seen } = await run("How much is it?", {}, { context });
    expect(seen.requests.find(({ key }) => key === "sales/offer")?.parts).toEqual([
      '<sales_context>\n{"fanProfile":null,"engagementLevel":7,"pricePoint":"9.99"}\n</sales_context>',
      "<fan_message>\nHow much is it?\n</fan_message>",
    ]);
  });
});

describe("whether a chat offers something", () => {
  it.each([
    ["a fan who bought", { purchaseHistory: [{}] }, true],
    ["a fan who bought nothing", { purchaseHistory: [] }, false],
    ["a history that is no list", { purchaseHistory: "none" }, false],
    ["a loyal fan", { engagementLevel: "Very loyal" }, true],
    ["a fan who seldom comes", { engagementLevel: "low" }, false],
    ["a price that the app names", { pricePoint: 0 }, true],
    ["a price that is none", { pricePoint: {} }, false],
    ["other words of the app", { mood: "high" }, false],
    ["a text of the app", "engagementLevel high", false],
  ])("depends on what the app knows: %s", async (_name, context, expected) => {
    expect(await isOffered("Good morning!", { context })).toBe(expected);
  });

  it("depends on how long the fan has talked: four turns of their own", async () => {
    const three = [fan("hey"), creator("hi"), fan("nice"), creator("thanks"), fan("yes")];
    expect(await isOffered("Good morning!", { history: three })).toBe(false);
    expect(await isOffered("Good morning!", { history: [...three, fan("so")] })).toBe(true);
  });

  it("never follows a no, until the fan asks again", async () => {
    const history = (...texts: string[]) => ({ ...engaged, history: texts.map(fan) });
    expect(await isOffered("Good morning!", history("no thanks"))).toBe(false);
    expect(await isOffered("How much is it?", history("no thanks"))).toBe(true);
    expect(await isOffered("Good morning!", history("no thanks", "how much is it?"))).toBe(true);
    expect(await isOffered("Good morning!", history("how much is it?", "no thanks"))).toBe(false);
    expect(await isOffered("Good morning!", history("no thanks", "how much is it?", "no thanks"))).toBe(
      false,
    );
    expect(await isOffered("I don't want to buy it", engaged)).toBe(false);
  });

  it("lets a no, and a worry, count for six turns of the fan", async () => {
    const later = (first: string, turns: number) => ({
      ...engaged,
      history: [fan(first), ...Array.from({ length: turns }, () => fan("nice")), creator("thanks")],
    });
    for (const first of ["no thanks", "I lost my job"]) {
      expect(await isOffered("Good morning!", later(first, 5))).toBe(false);
      expect(await isOffered("Good morning!", later(first, 6))).toBe(true);
    }
  });

  it("does not depend on what the creator said", async () => {
    const history = [creator("no thanks, I lost my job")];
    expect(await isOffered("Good morning!", { ...engaged, history })).toBe(true);
  });

  it.each([
    ["in a field", { note: { deep: "is in debt" }, engagementLevel: "high" }],
    ["in a text", "is in debt"],
    ["over two lines", { note: "is in\ndebt" }],
    ["at the end of a text", { said: "i'm 15", at: "school" }],
    ["in a list", { notes: ["likes tea", "is in debt"] }],
  ])("never is so for who is in want as the app knows %s", async (_name, context) => {
    expect(await isOffered("How much is it?", { context })).toBe(false);
  });
});

describe("what a chat remembers of a fan's interest", () => {
  const sharedOf = async (message: string, more: object = {}) => (await run(message, {}, more)).seen.shared;

  it("is what they asked to buy, or spoke of where an offer fits", async () => {
    expect(await sharedOf("How much is it?")).toEqual([
      {
        step: "learned",
        type: "fan_interest",
        confidence: 0.7,
        text: "Asked to buy: what there is to buy.",
        data: { goods: [], wantsToBuy: true },
        scope: "creator",
        fanId: "f",
      },
    ]);
    expect(await sharedOf("I liked the videos and songs", engaged)).toMatchObject([
      {
        confidence: 0.5,
        text: "Spoke of: videos, music.",
        data: { goods: ["videos", "music"], wantsToBuy: false },
      },
    ]);
  });

  it("is nothing where they spoke of nothing, or no offer fits", async () => {
    expect(await sharedOf("Good morning!", engaged)).toEqual([]);
    expect(await sharedOf("I liked the videos")).toEqual([]);
  });

  it("is what they asked for, though it is no time to offer it", async () => {
    expect(await sharedOf("I lost my job, how much is a video?")).toMatchObject([
      { text: "Asked to buy: videos." },
    ]);
  });
});
