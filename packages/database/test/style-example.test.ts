import { describe, expect, it } from "@jest/globals";
import { styleExample } from "../src/knowledge/style-example.ts";

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
      [],
      { message: 1, history: "x", context: null },
      { history: [null, "x"] },
    ]) {
      expect(styleExample("hey you", { ...origin, input })).toBe("hey you");
    }
  });
});
