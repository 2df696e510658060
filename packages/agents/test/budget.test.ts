import { describe, expect, it } from "@jest/globals";
import { bytesOf } from "@understudy/contracts";
import { firstWithin, lastWithin, withinBytes } from "../src/budget.ts";

describe("withinBytes", () => {
  it("leaves a text that just fits as it is, and cuts one that is a byte longer", () => {
    expect(withinBytes("abc", 3)).toBe("abc");
    expect(withinBytes("abcd", 3)).toBe("abc");
    expect(withinBytes("", 0)).toBe("");
  });

  it.each([
    ["aé", 3, "aé"],
    ["aé", 2, "a"],
    ["é日b", 5, "é日"],
    ["é日b", 4, "é"],
    ["👍👍", 7, "👍"],
  ])("never leaves half a character: %s within %i", (text, bytesMax, expected) => {
    expect(withinBytes(text, bytesMax)).toBe(expected);
  });

  it("never leaves half a character that it was given", () => {
    expect(withinBytes("a\ud83d", 9)).toBe("a\ufffd");
  });

  it("never drops what stands at the beginning", () => {
    expect(withinBytes("\ufeffab", 4)).toBe("\ufeffa");
  });
});

it("counts bytes of UTF-8, not characters", () => {
  expect(["", "a", "é", "日", "👍"].map(bytesOf)).toEqual([0, 1, 2, 3, 4]);
});

describe("firstWithin", () => {
  it("counts one byte more for the end of each text", () => {
    expect(firstWithin(["ab", "cd"], 6)).toEqual(["ab", "cd"]);
    expect(firstWithin(["ab", "cd"], 5)).toEqual(["ab"]);
    expect(firstWithin(["é", "é"], 6)).toEqual(["é", "é"]);
    expect(firstWithin([], 6)).toEqual([]);
  });

  it("cuts the first text where it does not fit alone, and no other", () => {
    expect(firstWithin(["abcdef", "x"], 4)).toEqual(["abc"]);
    expect(firstWithin(["ab", "cdef"], 6)).toEqual(["ab"]);
  });

  it("ends at the first text that does not fit, even if a later one would", () => {
    expect(firstWithin(["abc", "defghi", "j"], 6)).toEqual(["abc"]);
  });

  it("keeps nothing where there is no room for a character", () => {
    expect(firstWithin(["ab"], 2)).toEqual(["a"]);
    expect(firstWithin(["ab"], 1)).toEqual([]);
    expect(firstWithin(["ab"], 0)).toEqual([]);
  });
});

describe("lastWithin", () => {
  it("keeps the last texts that fit, in their order, and leaves what it was given alone", () => {
    const texts = ["one", "two", "six"];
    expect(lastWithin(texts, 8)).toEqual(["two", "six"]);
    expect(lastWithin(texts, 7)).toEqual(["six"]);
    expect(lastWithin(texts, 12)).toEqual(["one", "two", "six"]);
    expect(texts).toEqual(["one", "two", "six"]);
  });
});
