import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { TextFieldReader } from "../src/text-field-reader.ts";

/** What has been read after each piece. */
function readAll(pieces: string[], field = "response"): string[] {
  const reader = new TextFieldReader(field);
  let text = "";
  return pieces.map((piece) => {
    text += reader.read(piece);
    return text;
  });
}

const last = (json: string) => readAll([json]).at(-1);

/** Any text, with what is likely to go wrong in it more often than chance would have it. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom('"', "\\", '\\"', "\\u", "\n", "😀", "👩‍👧", "\ud83d", "{", "}", ":", ","),
    ),
  )
  .map((pieces) => pieces.join(""));

/** An object with the field among others, some of them with the field's name inside. */
const object = fc
  .tuple(
    fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 3 })),
    text,
    fc.record({ response: text, list: fc.array(fc.record({ response: text })) }),
    fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
  )
  .map(([before, response, inner, after]) => {
    // Names that look like numbers go first, wherever they are put: the field may have anything around it.
    const { response: _none, ...rest } = { ...before, inner } as Record<string, unknown>;
    return {
      ...rest,
      response,
      ...Object.fromEntries(Object.entries(after).filter(([k]) => k !== "response")),
    };
  });

/** The same JSON, spelt otherwise: some characters of texts as `\uXXXX`. */
function escaped(json: string, every: number): string {
  let count = 0;
  return json.replace(/[^\x20-\x7e]|[a-z]/g, (unit, at: number) => {
    const isPlain =
      json.charAt(at - 1) !== "\\" && !/\\u[0-9a-f]{0,3}$/i.test(json.slice(Math.max(0, at - 5), at));
    const inText = count++ % every === 0 && isPlain && isInString(json, at);
    return inText ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}` : unit;
  });
}

function isInString(json: string, at: number): boolean {
  let inside = false;
  for (let index = 0; index < at; index++) {
    if (inside && json[index] === "\\") index++;
    else if (json[index] === '"') inside = !inside;
  }
  return inside;
}

describe("a text field of JSON that is still being written", () => {
  it("grows to its value, however the JSON is spelt and cut into pieces, and no character is cut in half", () => {
    fc.assert(
      fc.property(
        object,
        fc.constantFrom(undefined, 1, "\t"),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        (value, space, every, cuts) => {
          const json = escaped(JSON.stringify(value, null, space), every);
          expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
          const ends = [...cuts.map((cut) => cut % (json.length + 1)), json.length].sort((a, b) => a - b);
          const seen = readAll(ends.map((end, index) => json.slice(ends[index - 1] ?? 0, end)));
          const final = value.response;
          expect(seen.at(-1)).toBe(final);
          for (const soFar of seen) {
            expect(final.startsWith(soFar)).toBe(true);
            const next = final.charCodeAt(soFar.length);
            const splitsPair = /[\ud800-\udbff]$/.test(soFar) && next >= 0xdc00 && next <= 0xdfff;
            expect(splitsPair).toBe(false);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is read one character at a time", () => {
    const json = JSON.stringify({ a: ["response", { response: "no" }], response: 'yes "😀"\n', b: 1 });
    expect(readAll([...json].flatMap((c) => c.split(""))).at(-1)).toBe('yes "😀"\n');
  });

  it("never throws, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(text, fc.constantFrom('{"response":"', '"}', "[")), { maxLength: 20 }),
        (pieces) => {
          readAll(pieces);
        },
      ),
    );
  });

  it.each([
    ["what is no object", '["response", "x"]'],
    ["a text around the JSON", '```json\n{"response": "x"}'],
    ["a field that is no text", '{"response": null}'],
    ["the field of another object", '{"a": {"response": "x"}}'],
    ["a value of the field's name", '{"a": "response", "b": "x"}'],
    ["an object or list that is the field", '{"response": {"response": "x"}, "a": ["response", "x"]}'],
    ["a list that is the field", '{"response": ["x", {"a": "x"}]}'],
    ["what follows the object", '{"a": 1}, "response": "x"'],
    ["what stands in no object", '- "response": "x"'],
    ["an escape that does not exist", '{"response": "\\x41"}'],
  ])("nothing is read of %s", (_name, json) => {
    expect(last(json)).toBe("");
  });

  it.each([
    ["the first", '{"response": "x", "a": "y"}'],
    ["behind space", ' \n\t{ "response" :\n"x"}'],
    ["behind a number", '{"a": 1, "response": "x"}'],
    ["behind lists and objects", '{"a": [1, [2, 3]], "b": {"c": 1, "d": {}}, "response": "x"}'],
    ["there twice: the first one counts", '{"response": "x", "response": "y"}'],
  ])("is read where it is %s", (_where, json) => {
    expect(last(json)).toBe("x");
  });
});
