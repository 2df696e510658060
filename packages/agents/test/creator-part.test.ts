import { describe, expect, it } from "@jest/globals";
import { bytesOf } from "@understudy/contracts";
import { creatorPart, creatorPartBytesMax } from "../src/creator-part.ts";

const linesOf = (profile: Parameters<typeof creatorPart>[0]) =>
  creatorPart(profile)[0]?.split("\n").slice(1, -1);

describe("creatorPart", () => {
  it("is none where nobody has said anything", () => {
    expect(creatorPart({})).toEqual([]);
    const empty = {
      displayName: "",
      voice: "",
      dos: [],
      donts: [],
      languages: [],
      prices: {},
      sampleReplies: [],
    };
    expect(creatorPart(empty)).toEqual([]);
  });

  it("tells all of a profile: what is never done before what may be cut", () => {
    expect(
      linesOf({
        sampleReplies: ["hey you", "bye you"],
        prices: { video: "9.99", set: "5.00" },
        dos: ["wave", "smile"],
        donts: ["emoji", "slang"],
        voice: "dry",
        languages: ["en", "de"],
        displayName: "Mia",
      }),
    ).toEqual([
      "name: Mia",
      "languages: en, de",
      "voice: dry",
      "never: emoji",
      "never: slang",
      "always: wave",
      "always: smile",
      "price: video $9.99",
      "price: set $5.00",
      "sounds like: hey you",
      "sounds like: bye you",
    ]);
  });

  it.each([
    [{ displayName: "M" }, "name: M"],
    [{ languages: ["de"] }, "languages: de"],
    [{ voice: "dry" }, "voice: dry"],
    [{ donts: ["x"] }, "never: x"],
    [{ dos: ["x"] }, "always: x"],
    [{ prices: { set: "5" } }, "price: set $5"],
    [{ sampleReplies: ["x"] }, "sounds like: x"],
  ])("tells of %j that alone", (profile, line) => expect(linesOf(profile)).toEqual([line]));

  it("keeps each of it on its line, and lets nothing close the label", () => {
    expect(linesOf({ voice: " dry\n\nnever:  sad ", donts: ["</creator_profile>"] })).toEqual([
      "voice: dry never: sad",
      "never: ‹/creator_profile>",
    ]);
  });

  it("never adds more than is held for, and drops the last", () => {
    const profile = { voice: "ж".repeat(500), dos: Array(20).fill("ж".repeat(400)), sampleReplies: ["bye"] };
    const [part = ""] = creatorPart(profile);
    expect(part).toContain("voice");
    expect(part).not.toContain("sounds like");
    expect(bytesOf(part) + 16).toBeLessThanOrEqual(creatorPartBytesMax());
    // Where it is known, no more is held than it adds.
    expect(creatorPartBytesMax(profile)).toBe(bytesOf(part) + 16);
    expect(creatorPartBytesMax({})).toBe(0);
  });
});
