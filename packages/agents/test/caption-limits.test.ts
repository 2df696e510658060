import { describe, expect, it } from "@jest/globals";
import { captionLimits, captionPlatforms, fitCaption, tweetLength } from "../src/caption-limits.ts";

describe("tweetLength", () => {
  it.each([
    ["hello", 5],
    ["日本語", 6],
    ["👩‍👩‍👧‍👦", 2],
    ["👍🏽 ok", 5],
    ["❤️", 2],
    ["🇩🇪🇫🇷", 4],
    ["1️⃣", 2],
    ["é", 1],
    ["e\u0301", 1],
    ["“q” – …", 8],
    ["a https://example.com/a/very/long/path/that/goes/on/and/on b", 60],
    ["see t.co", 27],
    ["a t.co b t.co", 51],
  ])("%s counts %i", (text, expected) => expect(tweetLength(text)).toBe(expected));

  it.each([
    [[4351, 8192, 8205, 8208, 8223, 8242, 8247], 1],
    [[4352, 8190, 8207, 8224, 8241, 8248], 2],
  ])("counts each of the characters %j as %i", (codes, expected) => {
    const lengths = codes.map((code) => tweetLength(String.fromCodePoint(code)));
    expect(lengths).toEqual(codes.map(() => expected));
  });

  it("counts a link as its text where that is longer", () => {
    const long = `https://example.com/${"日".repeat(20)}`;
    expect(tweetLength(long)).toBe(60);
    expect(tweetLength("https://example.com/abc")).toBe(23);
    expect(tweetLength("https://example.com/abcd")).toBe(24);
  });
});

describe("fitCaption: hashtags", () => {
  const tagsOf = (caption: string, hashtags: string[]) => fitCaption("instagram", caption, hashtags).hashtags;

  it("normalises them, each once, none that the caption has", () => {
    const { hashtags } = fitCaption("facebook", "At the #beach again", [
      "Beach Day!",
      "##beachday",
      "#Beach",
      "новый пост",
      "#123",
      "",
      "#été",
    ]);
    expect(hashtags).toEqual(["#BeachDay", "#новыйПост", "#été"]);
  });

  it("knows those of the caption again however they are written", () => {
    expect(tagsOf("My #BEACH", ["beach", "Beach", "sea"])).toEqual(["#sea"]);
  });

  it("joins any number of words into one, each but the first with a capital", () => {
    expect(tagsOf("x", ["long walk home", "Élan vital", "a"])).toEqual(["#longWalkHome", "#ÉlanVital", "#a"]);
  });

  it("counts those of the caption into what the platform takes", () => {
    const tags = ["c", "d", "e", "f"];
    expect(tagsOf("#a #b", tags)).toEqual(["#c", "#d", "#e"]);
    expect(tagsOf("#1a #2a #3a #4a", tags)).toEqual(["#c"]);
    expect(tagsOf("#1a #2a #3a #4a #5a", tags)).toEqual([]);
  });

  it("takes none of more than a hundred letters", () => {
    expect(tagsOf("x", ["y".repeat(101), "z".repeat(100)])).toEqual([`#${"z".repeat(100)}`]);
  });

  it("takes as many as fit: one that just does, and a shorter one after one that does not", () => {
    const fit = (length: number, hashtags: string[]) =>
      fitCaption("twitter", "x".repeat(length), hashtags).hashtags;
    expect(fit(275, ["abc"])).toEqual(["#abc"]);
    expect(fit(276, ["abc"])).toEqual([]);
    expect(fit(270, ["abc", "defg", "def"])).toEqual(["#abc", "#def"]);
  });
});

describe("fitCaption: the caption", () => {
  const captionOf = (caption: string) => fitCaption("onlyfans", caption, []).caption;

  it("stays as it is, but for space around it, as long as it fits", () => {
    expect(captionOf("  Good  morning \n")).toBe("Good  morning");
    expect(captionOf("x".repeat(1000))).toBe("x".repeat(1000));
    expect(captionOf(` ${"x".repeat(1000)} `)).toBe("x".repeat(1000));
  });

  it("is cut by what the platform counts, and says so", () => {
    expect(captionOf("x".repeat(1001))).toBe(`${"x".repeat(999)}…`);
    expect(fitCaption("twitter", "日".repeat(141), []).caption).toBe(`${"日".repeat(139)}…`);
  });

  it("is cut at a word", () => {
    const { caption } = fitCaption("twitter", "lovely words ".repeat(40), []);
    expect(caption).toMatch(/(?:lovely|words)…$/);
    expect(caption.length).toBeGreaterThan(280 - "lovely words ".length);
  });

  it("is cut within a word rather than losing half of it", () => {
    expect(captionOf(`${"a".repeat(500)} ${"b".repeat(900)}`)).toBe(`${"a".repeat(500)}…`);
    expect(captionOf(`${"a".repeat(499)} ${"b".repeat(900)}`)).toBe(`${"a".repeat(499)} ${"b".repeat(499)}…`);
    // Pictures count two here, so that what fits is 998: of that just half would be left.
    expect(captionOf(`${"a".repeat(499)} ${"👍".repeat(400)}`)).toBe(
      `${"a".repeat(499)} ${"👍".repeat(249)}…`,
    );
  });

  it("has no space before what says that it was cut", () => {
    expect(captionOf(`ab${" ".repeat(1200)}c`)).toBe("ab…");
  });

  it.each(captionPlatforms)("%s: brings anything within the limits", (platform) => {
    const { lengthMax, hashtagsMax, length } = captionLimits[platform];
    const tags = Array.from({ length: 40 }, (_, index) => `#tag${index}`);
    for (const word of ["word ", "日本語 ", "👩‍👩‍👧 ", "x", "https://example.com/a "]) {
      for (const times of [1, 60, 500, 70_000 / word.length]) {
        const { caption, hashtags } = fitCaption(platform, word.repeat(times), tags);
        expect(length([caption, ...hashtags].join(" "))).toBeLessThanOrEqual(lengthMax);
        expect(hashtags.length).toBeLessThanOrEqual(hashtagsMax);
        expect(caption.isWellFormed()).toBe(true);
        expect(caption).not.toBe("");
      }
    }
    expect(fitCaption(platform, "Hello", tags).hashtags).toHaveLength(hashtagsMax);
  });
});
