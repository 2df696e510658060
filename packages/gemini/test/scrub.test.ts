import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { PartsOfText } from "../src/matching-parts.ts";
import { scrubbed } from "../src/scrub.ts";

const prompt = "My name is Jo, I live in Ulm and love the sea.";

describe("what is kept of others' words", () => {
  it("has no run of 20 characters that was sent", () => {
    const run = prompt.slice(0, 20);
    expect(scrubbed(`Bad: ${run}!`, [prompt])).toBe("Bad: …!");
    expect(scrubbed(`Bad: ${run.slice(0, 19)}!`, [prompt])).toBe(`Bad: ${run.slice(0, 19)}!`);
    expect(scrubbed(prompt, ["x", prompt])).toBe("…");
    expect(scrubbed(`${prompt}. ${prompt}`, [prompt])).toBe("…. …");
  });

  it.each([
    ['Bad value "Jo", sorry', 'Bad value "…", sorry'],
    ["Bad value 'Jo'.", "Bad value '…'."],
    ["Bad value `Jo`.", "Bad value `…`."],
    ["Bad value “Jo”.", "Bad value “…”."],
    ["It's 'Jo' or 'Ulm'", "It's '…' or '…'"],
    ["Field 'contents' is wrong", "Field 'contents' is wrong"],
    ['Bad "" or ", "', 'Bad "" or ", "'],
    ["Bad b'Jo' for 'Jo', 'Ulm'", "Bad b'…' for '…', '…'"],
    ["Bad value 'Jo", "Bad value 'Jo"],
  ])("has no quoted piece that was sent: %s", (text, clean) => {
    expect(scrubbed(text, [prompt])).toBe(clean);
  });

  it("has no key, of Google's make or in use", () => {
    expect(scrubbed("key AIzaSyD-9_x was refused", [])).toBe("key … was refused");
    expect(scrubbed("key my-secret-key was refused", [], ["my-secret-key", "", "was"])).toBe(
      "key … was refused",
    );
  });

  it("is what it was where nothing of that stands in it", () => {
    expect(scrubbed("", [prompt])).toBe("");
    expect(scrubbed("Request contains an invalid argument.", [prompt, ""])).toBe(
      "Request contains an invalid argument.",
    );
  });
});

describe("the parts of a text", () => {
  it("are found in others, the longest at each place, as by trying them all", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 12 });
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 3 }), (own, others) => {
        const tried = own.split("").map((_char, at) => {
          const lengths = Array.from({ length: at + 1 }, (_none, n) => at + 1 - n);
          return lengths.find((length) =>
            others.some((other) => other.includes(own.slice(at + 1 - length, at + 1))),
          );
        });
        expect(new PartsOfText(own).longestMatches(others)).toEqual(tried.map((length) => length ?? 0));
      }),
      { numRuns: 2_000 },
    );
  });
});
