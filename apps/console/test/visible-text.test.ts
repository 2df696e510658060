import { expect, it } from "@jest/globals";
import { parseVisibly } from "../src/api/visible-text.ts";

it("characters that turn a text around are shown by their names, wherever they stand", () => {
  const given = { message: "pay \u202e001$ won\u202c", list: ["\u2066a\u2069"], n: 1, none: null };
  expect(parseVisibly(JSON.stringify(given))).toEqual({
    message: "pay ⟨U+202E⟩001$ won⟨U+202C⟩",
    list: ["⟨U+2066⟩a⟨U+2069⟩"],
    n: 1,
    none: null,
  });
});

it("what is written from right to left stays as it is", () => {
  const text = "שלום \u200f(א) مرحبا 👩‍👩‍👧";
  expect(parseVisibly(JSON.stringify({ text }))).toEqual({ text });
});
