import { describe, expect, it } from "@jest/globals";
import { bytesOf } from "@understudy/contracts";
import {
  conversationPart,
  conversationPartBytesMax,
  insightParts,
  insightPartsBytesMax,
} from "../src/known-parts.ts";
import { insight } from "./canned-tools.ts";

const example = (id: string, data: Record<string, unknown>) => insight(id, { type: "style_example", data });

/** What the protocol adds around a part, as the ledger counts. */
const bytesHeldFor = (parts: string[]) => parts.reduce((sum, part) => sum + bytesOf(part) + 16, 0);

describe("insightParts", () => {
  it("shows examples as they were said, then facts, each in the order in which they came", () => {
    const { parts, used } = insightParts([
      insight("a"),
      example("b", { message: "hi?", reply: "hey" }),
      insight("c"),
      example("d", { reply: "bye" }),
    ]);
    expect(parts).toEqual([
      "<style_examples>\nfan: hi?\nyou: hey\nyou: bye\n</style_examples>",
      "<known_insights>\n- a\n- c\n</known_insights>",
    ]);
    expect(used).toEqual(["b", "d", "a", "c"]);
  });

  it("has no part of which there is nothing", () => {
    expect(insightParts([])).toEqual({ parts: [], used: [] });
    expect(insightParts([insight("a")]).parts).toEqual(["<known_insights>\n- a\n</known_insights>"]);
    expect(insightParts([example("a", { reply: "x" })]).parts).toEqual([
      "<style_examples>\nyou: x\n</style_examples>",
    ]);
  });

  it("takes for an example only what is one", () => {
    const { parts } = insightParts([example("a", { reply: 1 }), insight("b", { data: { reply: "x" } })]);
    expect(parts).toEqual(["<known_insights>\n- a\n- b\n</known_insights>"]);
  });

  it("sets in what has lines, so that it can't pass for another fact", () => {
    const { parts } = insightParts([insight("a", { text: " one\n\n- two " })]);
    expect(parts).toEqual(["<known_insights>\n- one\n  - two\n</known_insights>"]);
  });

  it.each([
    ["facts", (id: string, bytes: number) => insight(id, { text: "x".repeat(bytes - 2) }), 1000],
    ["examples", (id: string, bytes: number) => example(id, { reply: "x".repeat(bytes - 5) }), 1500],
  ])("keeps of the %s as many as just fit, and names no others", (_name, make, half) => {
    expect(insightParts([make("a", half - 1), make("b", half - 1)]).used).toEqual(["a", "b"]);
    const { parts, used } = insightParts([make("a", half - 1), make("b", half)]);
    expect(used).toEqual(["a"]);
    expect(parts[0]?.match(/x{99,}/g)).toHaveLength(1);
  });

  it("never adds more than is held for", () => {
    const long = "ж".repeat(5000);
    const { parts, used } = insightParts([insight("a", { text: long }), example("b", { reply: long })]);
    expect(used).toEqual(["b", "a"]);
    expect(bytesHeldFor(parts)).toBeGreaterThan(insightPartsBytesMax - 6);
    expect(bytesHeldFor(parts)).toBeLessThanOrEqual(insightPartsBytesMax);
  });
});

describe("conversationPart", () => {
  const turn = (from: "fan" | "creator", text: string) => ({ from, text });

  it("tells the summary, then the turns, the oldest first", () => {
    const turns = [turn("fan", "hi\nthere"), turn("creator", " hey ")];
    expect(conversationPart({ summary: "They met.", turns })).toEqual([
      "<conversation_history>\nearlier: They met.\nfan: hi\n  there\ncreator: hey\n</conversation_history>",
    ]);
    expect(conversationPart({ turns: turns.slice(1) })).toEqual([
      "<conversation_history>\ncreator: hey\n</conversation_history>",
    ]);
    expect(conversationPart({ summary: "They met.", turns: [] })).toEqual([
      "<conversation_history>\nearlier: They met.\n</conversation_history>",
    ]);
  });

  it("is none where nothing was said", () => {
    expect(conversationPart({ turns: [] })).toEqual([]);
    expect(conversationPart({ summary: "", turns: [] })).toEqual([]);
  });

  it("gives all its room to turns where there is no summary: 6000 bytes, one of them the turn's end", () => {
    const [fits] = conversationPart({ turns: [turn("fan", `${"x".repeat(5993)}y`)] });
    expect(fits).toContain("xy");
    const [cut] = conversationPart({ turns: [turn("fan", `${"x".repeat(5994)}y`)] });
    expect(cut).not.toContain("y\n");
  });

  it("gives a quarter of its room to the summary, however long that is", () => {
    const turnsOf = (letters: number) => [turn("fan", "older"), turn("fan", `${"z".repeat(letters - 1)}y`)];
    const [long] = conversationPart({ summary: "s".repeat(9000), turns: turnsOf(4493) });
    expect(long?.match(/s{20,}/)?.[0]).toHaveLength(1500 - "earlier: ".length);
    expect(long).toContain("zy\n");
    expect(long).not.toContain("older");
    const [cut] = conversationPart({ summary: "short", turns: turnsOf(4494) });
    expect(cut).toContain("earlier: short\nfan: zz");
    expect(cut).not.toContain("zy");
  });

  it("keeps the newest turns, as many as just fit", () => {
    const turns = [turn("fan", "older"), turn("fan", "x".repeat(2994)), turn("creator", "y".repeat(2990))];
    const [both] = conversationPart({ turns });
    expect(both).toMatch(/^<conversation_history>\nfan: x+\ncreator: y+\n</);
    const [one] = conversationPart({ turns: turns.with(1, turn("fan", "x".repeat(2995))) });
    expect(one).toMatch(/^<conversation_history>\ncreator: y+\n</);
  });

  it("never adds more than is held for", () => {
    const turns = Array.from({ length: 9 }, () => turn("fan", "ж".repeat(900)));
    for (const summary of [undefined, "", "s", "ж".repeat(900)]) {
      const parts = conversationPart({ turns, ...(summary !== undefined && { summary }) });
      expect(bytesHeldFor(parts)).toBeLessThanOrEqual(conversationPartBytesMax);
    }
  });
});
