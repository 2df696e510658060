import { hash } from "./hash.ts";

/** The length of gemini-embedding-001's vectors when none is asked for. */
export const DIMENSIONS_DEFAULT = 3072;

/**
 * A vector of length 1 for a text. Words and their beginnings each stand for a few dimensions, so texts that
 * share words lie near each other (cosine), as real embeddings would: enough to rank insights by.
 */
export function embed(text: string, dimensions: number): number[] {
  const values = new Array<number>(dimensions).fill(0);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  for (const word of words.slice(0, 8_192)) {
    addFeature(values, word, 1);
    if (word.length > 5) addFeature(values, `${word.slice(0, 5)}…`, 0.7);
  }
  if (words.length === 0) addFeature(values, `text:${text.slice(0, 1_000)}`, 1);
  const length = Math.hypot(...values);
  return values.map((value) => (value === 0 ? 0 : Number((value / length).toFixed(7))));
}

function addFeature(values: number[], feature: string, weight: number): void {
  for (let turn = 0; turn < 4; turn++) {
    const drawn = hash(feature, turn + 1);
    const at = drawn % values.length;
    values[at] = (values[at] ?? 0) + (drawn & 0x80000000 ? weight : -weight);
  }
}
