import { describe, expect, it } from "@jest/globals";
import { findPersonalData, plainText } from "../src/index.ts";

/** What is found, as its kind and what stands at its place. */
function found(text: string, known?: Parameters<typeof findPersonalData>[1]): string[][] {
  return findPersonalData(text, known).map(({ kind, start, end }) => [kind, text.slice(start, end)]);
}

describe("personal data in a text", () => {
  it.each([
    ["write to joe@example.org soon", "an e-mail address", "joe@example.org"],
    ["see https://example.org/joe now", "a link", "https://example.org/joe"],
    ["see mia.fans now", "a link", "mia.fans"],
    ["ask @joe_1.x now", "a handle", "@joe_1.x"],
    ["call +49 (170) 123-45 now", "a telephone or other long number", "49 (170) 123-45"],
    ["call 1234567", "a telephone or other long number", "1234567"],
  ])("is found at its place: %s", (text, kind, words) => expect(found(text)).toEqual([[kind, words]]));

  it.each(["I paid 123456 for it", "at 8:30, 10/10", "me@ you", "hello there", ""])(
    "is not found where there is none: %j",
    (text) => expect(found(text)).toEqual([]),
  );

  it("is told in the order of its places, of one place the longest first", () => {
    expect(found("call 1234567, then @joe, see b.org and 7654321").map(([, words]) => words)).toEqual([
      "1234567",
      "@joe",
      "b.org",
      "7654321",
    ]);
    const mia = { kind: "a name", text: "mia" };
    const link = ["a link", "mia.example.org"];
    expect(found("see mia.example.org", [mia])).toEqual([link, ["a name", "mia"]]);
    const longer = { kind: "a whole name", text: "Mia Bell" };
    expect(found("see mia bell", [mia, longer])).toEqual([
      ["a whole name", "mia bell"],
      ["a name", "mia"],
    ]);
  });
});

describe("who is known, in a text", () => {
  const known = (text: string) => [{ kind: "a name", text }];

  it("is found however often and however large they are written, as whole words", () => {
    expect(found("Joe, JOE and joel or bojoe, joe1", known("joe"))).toEqual([
      ["a name", "Joe"],
      ["a name", "JOE"],
    ]);
    expect(found("ask Mia Bell.", known(" mia bell "))).toEqual([["a name", "Mia Bell"]]);
  });

  it("is found as they are written, whatever signs that are", () => {
    for (const name of ["a.b", "(x)", "x*", "$x", "a\\b", "[y]", "a|b", "x?"]) {
      expect(found(`to ${name} now`, known(name))).toEqual([["a name", name]]);
    }
    expect(found("to aXb now", known("a.b"))).toEqual([]);
  });

  it("is found in plain letters, though they are known in wide ones", () => {
    expect(found("ask joe", known("ｊｏｅ"))).toEqual([["a name", "joe"]]);
  });

  it("is nobody without a name", () => {
    expect(found("ask, joe!", known(""))).toEqual([]);
    expect(found("ask, joe!", known("  "))).toEqual([]);
  });
});

it("makes a text plain before it is searched", () => {
  expect(plainText("１２\u200b３ ｊ\u00adｏe")).toBe("123 joe");
});
