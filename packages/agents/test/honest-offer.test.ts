import { describe, expect, it } from "@jest/globals";
import { honestTactics, isHonestOffer, PriceList } from "../src/honest-offer.ts";

describe("isHonestOffer", () => {
  it.each([
    "Only 2 left!",
    "Only a few spots available",
    "This is your LAST CHANCE",
    "last\n  chance",
    "It's gone tonight",
    "Limited-time offer",
    "Hurry up, love",
    "Don't miss out",
    "Don’t miss out",
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

describe("honestTactics", () => {
  it("leaves the honest ones, each once, in their order", () => {
    const given = [" bundle ", "Scarcity", "", "early_access", "bundle", "  ", "last chance", "FOMO"];
    expect(honestTactics(given)).toEqual(["bundle", "early_access"]);
  });
});

describe("PriceList", () => {
  const given = { prices: { video: "20", set: "5.00", call: "9", hello: "0" } };

  it.each([
    [5, "5.00"],
    [4.99, "5.00"],
    [0.01, "5.00"],
    [12.345, "12.35"],
    [20, "20.00"],
    [20.01, "20.00"],
    [500, "20.00"],
  ])("allows for %d, whatever the order of the list, %s", (usd, expected) => {
    expect(new PriceList(given).nearest(usd)).toBe(expected);
  });

  it.each([0, 0.004, -3, Number.NaN, Number.POSITIVE_INFINITY])("takes %d for no price", (usd) => {
    expect(new PriceList(given).nearest(usd)).toBeUndefined();
    expect(new PriceList({}).nearest(usd)).toBeUndefined();
  });

  it("allows any price where nothing has one", () => {
    expect(new PriceList({}).nearest(0.01)).toBe("0.01");
    expect(new PriceList({ prices: {} }).nearest(1234.5)).toBe("1234.50");
    expect(new PriceList({ prices: { hello: "0" } }).nearest(3)).toBe("3.00");
    expect(new PriceList({ prices: { set: "5" } }).nearest(3)).toBe("5.00");
  });

  it("says whether there is none", () => {
    expect(new PriceList({}).isEmpty).toBe(true);
    expect(new PriceList({ prices: { hello: "0" } }).isEmpty).toBe(true);
    expect(new PriceList(given).isEmpty).toBe(false);
  });

  it.each([
    ["It is $5.", true],
    ["It is $4.99.", false],
    ["20 dollars", true],
    ["20.01 dollars", false],
    ["€ 12.50 or 15 bucks", true],
    ["It is $15, or $99 for all", false],
    ["It is $99, or $15 without", false],
    ["The first is $0", false],
    ["I have 99 videos", true],
  ])("agrees with %j: %s", (message, expected) =>
    expect(new PriceList(given).agreesWith(message)).toBe(expected),
  );

  it("reads thousands", () => {
    const dear = new PriceList({ prices: { least: "1000", most: "2000" } });
    expect(dear.agreesWith("It is $1,500 for all")).toBe(true);
    expect(dear.agreesWith("It is 1,000,000 USD for all")).toBe(false);
  });

  it("has nothing to say against any sum where there is none", () => {
    expect(new PriceList({}).agreesWith("It is $99")).toBe(true);
    expect(new PriceList({}).agreesWith("The first is $0")).toBe(true);
  });
});
