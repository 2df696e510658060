import { describe, expect, it } from "@jest/globals";
import { StorablePieces, storable, storableValue } from "../src/storable.ts";

const high = "\uD83D";
const low = "\uDE00";
const smile = high + low;

describe("a text that Postgres is to store", () => {
  it("loses U+0000, and has U+FFFD for each half of a pair", () => {
    expect(storable(`a\u0000b\u0000`)).toBe("ab");
    expect(storable(`${low}a${high}`)).toBe("\uFFFDa\uFFFD");
    expect(storable(high + high + low)).toBe(`\uFFFD${smile}`);
  });

  it("keeps all else as it is", () => {
    const text = `\u0001 \n ${smile} \uFFFD é \u{10FFFF}`;
    expect(storable(text)).toBe(text);
  });

  it("is made so wherever it stands in a value, names included", () => {
    const value = { "a\u0000": [`x${high}`, { b: ["\u0000"] }], n: 1, t: true, z: null };
    expect(storableValue(value)).toEqual({ a: ["x\uFFFD", { b: [""] }], n: 1, t: true, z: null });
  });

  it("may come in pieces that end within a pair", () => {
    const pieces = new StorablePieces();
    expect(
      [`a${high}`, `${low}b`, high, high, "c", `\u0000${high}`].map((piece) => pieces.add(piece)),
    ).toEqual(["a", `${smile}b`, "", "\uFFFD", "\uFFFDc", ""]);
    expect(pieces.end()).toBe("\uFFFD");
    expect(pieces.end()).toBe("");
  });
});
