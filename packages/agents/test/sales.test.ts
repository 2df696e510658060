import { describe, expect, it } from "@jest/globals";
import { isHonestOffer } from "../src/honest-offer.ts";
import { sales } from "../src/sales.ts";
import { cannedTools } from "./canned-tools.ts";

const suggestion = {
  message: "I have a new video you might like. No rush!",
  tactics: ["bundle", "scarcity", "limited_time", "bundle"],
  suggestedPrice: 12.5,
  expectedConversionRate: 1.7,
  alternativeMessages: ["Want to see the long version?"],
  confidence: 0.8,
};

async function run(over: object = {}, context: object = {}, prices: Record<string, string> = {}) {
  const { tools, seen } = cannedTools({
    answers: { offer: { ...suggestion, ...over } },
    profile: { prices },
  });
  const result = await sales.run(sales.input.parse({ fanId: "f", context }), tools);
  return { result: sales.output.parse(result), seen };
}

describe("sales", () => {
  it("suggests an offer: no tricks among the tactics, a share as a share, a price as a decimal string", async () => {
    const { result } = await run({}, { currentMessage: "how much is a video?" });
    expect(result).toEqual({
      message: suggestion.message,
      tactics: ["bundle"],
      suggestedPrice: "12.50",
      expectedConversionRate: 1,
      alternativeMessages: suggestion.alternativeMessages,
      confidence: 0.8,
    });
  });

  it.each([
    ["within the list", 12.5, "12.50"],
    ["above it", 500, "20.00"],
    ["below it", 0.5, "5.00"],
    ["none", null, undefined],
    ["nonsense", -3, undefined],
  ])("keeps to the creator's prices: %s", async (_name, suggestedPrice, expected) => {
    const { result } = await run({ suggestedPrice }, {}, { set: "5.00", video: "20" });
    expect(result.suggestedPrice).toBe(expected);
  });

  it("drops wordings that name a sum outside the creator's prices", async () => {
    const { result } = await run(
      { message: "Yours for $99!", alternativeMessages: ["It is $15 for you.", "Only 200 dollars."] },
      {},
      { set: "5.00", video: "20" },
    );
    expect(result).toMatchObject({ message: "It is $15 for you.", alternativeMessages: [] });
  });

  it("drops what presses, and puts an honest wording in its place", async () => {
    const { result } = await run({
      message: "Last chance, only 2 left!",
      alternativeMessages: ["If you loved me you would buy it", "Have a look if you like."],
    });
    expect(result).toMatchObject({ message: "Have a look if you like.", alternativeMessages: [] });
  });

  it("offers nothing where nothing honest is left", async () => {
    const { result } = await run({ message: "Hurry, it ends tonight!", alternativeMessages: [] });
    expect(result).toMatchObject({ message: "", tactics: [], expectedConversionRate: 0 });
    expect(result).not.toHaveProperty("suggestedPrice");
  });

  it.each([
    ["I want to kill myself", {}],
    ["i can't pay my rent this month", {}],
    ["my mother passed away", {}],
    ["I'm 15, how much?", {}],
    ["No thanks, too expensive", {}],
    ["how much?", { fanProfile: { notes: "lost my job, depressed" } }],
  ])("offers nothing, names no price and asks no model: %s", async (currentMessage, more) => {
    const { result, seen } = await run({}, { currentMessage, pricePoint: 20, ...more });
    expect(seen.requests).toEqual([]);
    expect(result).toEqual({
      message: "",
      tactics: [],
      expectedConversionRate: 0,
      alternativeMessages: [],
      confidence: 1,
    });
    expect(sales.necessaryCalls({ fanId: "f", context: { currentMessage, ...more } })).toEqual([]);
  });

  it("drops what leads off the platform", async () => {
    const { result } = await run({
      message: "Pay me on venmo @mia",
      alternativeMessages: ["Write to mia@example.com"],
    });
    expect(result.message).toBe("");
  });

  it("puts no link into what it words", async () => {
    const { result } = await run({ message: "Look at https://evil.example/x now and then, it is nice" });
    expect(result.message).toBe("Look at now and then, it is nice");
  });
});

describe("isHonestOffer", () => {
  it.each([
    "Only 2 left!",
    "Only a few spots available",
    "This is your last chance",
    "It's gone tonight",
    "Limited-time offer",
    "Hurry up, love",
    "Don't miss out",
    "If you really loved me you'd buy it",
    "Real fans would buy it",
    "I’ll be so sad if you don't",
    "Prove it",
    "You owe me one",
    "Everyone else has it already",
    "Nur noch 3 Stück",
    "Última oportunidad",
    "Si de verdad me quisieras",
  ])("is not: %s", (message) => expect(isHonestOffer(message)).toBe(false));

  it.each([
    "I have a new set, it is $10. Want to see it?",
    "Thank you for being here. There is a longer version if you like.",
    "No pressure at all, it stays up.",
    "I love that you liked the last one! The bundle has three like it.",
  ])("is: %s", (message) => expect(isHonestOffer(message)).toBe(true));
});
