import { describe, expect, it } from "@jest/globals";
import {
  asksToBuy,
  goodsIn,
  isVulnerable,
  mayHarmThemselves,
  refusesOffers,
  textsIn,
} from "../src/fan-signals.ts";

const harm = [
  "I want to die",
  "i just wanna end it all",
  "I keep cutting myself",
  "there is no point in living",
  "I’m better off dead",
  "quiero morir",
  "ich will sterben",
  "хочу умереть",
];
const hardship = [
  "I lost my job",
  "my mother passed away",
  "I can't afford it",
  "I'm so lonely",
  "I'm 15",
  "i am 17 years old",
  "perdí mi trabajo",
];

describe("what a fan says of themself", () => {
  it.each(harm)("is danger, and no time to sell: %s", (text) => {
    expect([mayHarmThemselves(text), isVulnerable(text)]).toEqual([true, true]);
  });

  it.each(hardship)("is want or grief, and no time to sell: %s", (text) => {
    expect([mayHarmThemselves(text), isVulnerable(text)]).toEqual([false, true]);
  });

  it.each(["I love this", "dying to see more", "I'm 18, how much?", "I turned 25 years old", ""])(
    "is nothing of the kind: %s",
    (text) => expect([mayHarmThemselves(text), isVulnerable(text)]).toEqual([false, false]),
  );

  it.each([
    ["shouted", "I WANT TO DIE"],
    ["in wide letters", "ｉ ｗａｎｔ ｔｏ ｄｉｅ"],
    ["parted by what can't be seen", "i wa\u200bnt to d\u00adie"],
    ["over several lines", "i want\n\tto   die"],
    ["with another apostrophe", "I don`t want to live"],
  ])("is found however it is written: %s", (_name, text) => expect(mayHarmThemselves(text)).toBe(true));
});

describe("what a fan says of offers", () => {
  it.each([
    "No thanks",
    "I won't buy that",
    "Stop selling me things",
    "Not now",
    "nein, danke",
    "no, gracias",
  ])("is a no: %s", (text) => expect(refusesOffers(text)).toBe(true));

  it.each(["How much is it?", "Take my money", "was kostet das", "сколько стоит"])(
    "is a question for the price: %s",
    (text) => expect([asksToBuy(text), refusesOffers(text)]).toEqual([true, false]),
  );

  it.each(["Good morning", "I know what I like", ""])("is nothing: %s", (text) =>
    expect([asksToBuy(text), refusesOffers(text)]).toEqual([false, false]),
  );

  it("may be both", () => {
    const text = "Too expensive, I won't buy it";
    expect([asksToBuy(text), refusesOffers(text)]).toEqual([true, true]);
  });
});

describe("textsIn", () => {
  it("gives each text and each field's name by itself, at any depth", () => {
    const json = { age: 15, note: "i'm 15", more: { tags: ["a", null, true, { b: "c" }] } };
    const texts = ["age", "note", "i'm 15", "more", "tags", "a", "b", "c"];
    expect(textsIn(json)).toEqual(expect.arrayContaining(texts));
    expect(textsIn("text")).toEqual(["text"]);
  });

  it.each([[undefined], [null], [5], [true], [{}], [[]]])("finds none in %j", (json) => {
    expect(textsIn(json)).toEqual([]);
  });
});

describe("goodsIn", () => {
  it("names the kinds of goods, each once, in words of ours", () => {
    expect(goodsIn("Custom VIDEOS and a video, or pics")).toEqual(["custom content", "photo sets", "videos"]);
    expect(goodsIn("tickets for your tour, and a shirt")).toEqual(["merchandise", "shows"]);
    expect(goodsIn("ｓｏｎｇｓ")).toEqual(["music"]);
  });

  it("names none where none is spoken of", () => {
    expect(goodsIn("Good morning, my sunset")).toEqual([]);
  });
});

describe("a text that is nearly plain", () => {
  it.each(["I  want\tto die", "I want\nto die", "I WANT TO DIE", "Ｉ want to die", "I\u200b want to die"])(
    "is read as what it says, however it is written: %j",
    (text) => expect(mayHarmThemselves(text)).toBe(true),
  );

  it("has no typographic marks", () => {
    for (const mark of "'’‘`´＇｀") expect(isVulnerable(`i can${mark}t pay`)).toBe(true);
  });
});
