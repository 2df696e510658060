import { describe, expect, it } from "@jest/globals";
import { styleExample } from "../src/style-example.ts";

const origin = {
  creatorId: "mia-bell",
  fanId: "fan_77",
  input: {
    message: "Hi Mia! I'm Jonas from Lyon, thank you. Could we meet?",
    history: [
      { from: "fan", text: "Rosalie here" },
      { from: "creator", text: "Morning Captain" },
    ],
    context: { fanName: "ferdinand", profile: { nicknames: ["Bo Bo"], city: "Nantes" } },
  },
  profile: { displayName: "Mia Bell", voice: "says ahoy", sampleReplies: ["See you in Paris"] },
};

describe("a style example", () => {
  it.each([
    // What the creator always does stays.
    ["aww thank you so much!! 💋 xoxo, Mia", "aww thank you so much!! 💋 xoxo, Mia"],
    ["Hi love! Could you wait? Ahoy", "Hi love! Could you wait? Ahoy"],
    ["See you in Paris, Captain", "See you in Paris, Captain"],
    // What tells of the fan goes, however it is written.
    ["hey jonas, how is Lyon?", "hey […], how is […]?"],
    ["So sweet, Rosalie 😘", "So sweet, […] 😘"],
    ["night Ferdinand, night bo", "night […], night […]"],
    ["JONAS!", undefined],
    ["for you, fan_77", "for you, […]"],
    ["write to jonas@example.org or +49 170 1234567, @jonas_92", "write to […] or +[…], […]"],
    ["look at https://example.org/jonas!", "look at […]!"],
    ["", undefined],
  ])("of %j is %j", (reply, example) => {
    expect(styleExample(reply, origin)).toBe(example);
  });

  it("is had from whatever an input is", () => {
    for (const input of [
      {},
      null,
      "hey",
      ["hey"],
      [],
      { message: 1, history: "x", context: null },
      { history: [null, "x"] },
    ]) {
      expect(styleExample("hey you", { ...origin, input })).toBe("hey you");
    }
  });

  it.each([
    [
      "a name that began a sentence of the fan's goes within one of the reply",
      "so Rosalie, so rosalie",
      "so […], so rosalie",
    ],
    [
      "what may only begin a sentence stays there",
      "Could you? Rosalie! 😘 Rosalie",
      "Could you? Rosalie! 😘 Rosalie",
    ],
    ["shouting is no name", "so ROSALIE", "so ROSALIE"],
    ["what the creator says of themself stays within a sentence", "so Paris, so Ahoy", "so Paris, so Ahoy"],
  ])("knows that %s", (_name, reply, example) => expect(styleExample(reply, origin)).toBe(example));

  it("leaves out what lies within another place once, and what stands beside it as well", () => {
    expect(styleExample("see https://example.org/jonas/lyon jonas lyon ok", origin)).toBe(
      "see […] […] […] ok",
    );
    expect(styleExample("jonas, see https://example.org, lyon", origin)).toBe("[…], see […], […]");
    expect(styleExample("ask @joe-@bob now", origin)).toBe("ask […] now");
    expect(styleExample("jonas ok", origin)).toBe("[…] ok");
    expect(styleExample("ok jonas", origin)).toBe("ok […]");
    expect(styleExample("ok jonas's, @jonas-lyon.x ok", origin)).toBe("ok jonas's, […] ok");
  });

  it("leaves out a fan's id where there is a fan, and it alone", () => {
    expect(styleExample("for fan_77 and fan_78", origin)).toBe("for […] and fan_78");
    expect(styleExample("for fan_77", { ...origin, fanId: null })).toBe("for fan_77");
  });

  it("knows the creator by their id, where there is no profile", () => {
    const input = { message: "Hi Mia, hi Bell, hi Paris" };
    expect(styleExample("so mia, so paris", { ...origin, input, profile: null })).toBe("so mia, so […]");
  });

  it("knows names in the app's context at any depth, in fields that are named so alone", () => {
    const context = {
      fan: { first_name: "ada", tags: ["lovelace"], NAMES: [["bo"], "cy"], nickname: { old: "dee" } },
      list: [{ name: "eve" }, "fay"],
      name: 7,
    };
    const reply = "hi ada lovelace bo cy dee eve fay 7";
    expect(styleExample(reply, { ...origin, input: { context } })).toBe(
      "hi […] lovelace […] […] dee […] fay 7",
    );
  });

  it("takes from the history what the fan wrote, not what the creator did", () => {
    const history = [
      { from: "creator", text: "it is Ada" },
      { from: "fan", text: "it is Eve" },
      { from: "fan", text: { is: "it" } },
      { text: "it is Fay" },
    ];
    const reply = "so ada, eve, fay, object";
    expect(styleExample(reply, { ...origin, input: { history } })).toBe("so ada, […], fay, object");
  });

  it("is none where only signs are left", () => {
    for (const reply of ["jonas", "jonas, lyon!", "!!! 😘", "@x"]) {
      expect(styleExample(reply, origin)).toBeUndefined();
    }
    expect(styleExample(" 7 ", origin)).toBe("7");
  });
});
