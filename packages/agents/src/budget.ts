import { bytesOf } from "@understudy/contracts";

const encoder = new TextEncoder();

/** The beginning of a text that fits into so many bytes of UTF-8; well-formed, and never half a character. */
export function withinBytes(text: string, bytesMax: number): string {
  // No unit of UTF-16 takes more than three bytes.
  if (text.length * 3 <= bytesMax) return text.toWellFormed();
  const bytes = encoder.encode(text);
  if (bytes.length <= bytesMax) return text.toWellFormed();
  // A stream that goes on keeps an unfinished character back.
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, bytesMax), { stream: true });
}

/**
 * The first texts that fit together, each with one byte for its end.
 * @param texts the most important first; the first is cut where it does not fit alone
 */
export function firstWithin(texts: readonly string[], bytesMax: number): string[] {
  const kept: string[] = [];
  let left = bytesMax;
  for (const text of texts) {
    const bytes = bytesOf(text) + 1;
    if (bytes > left) {
      if (kept.length === 0 && left > 1) kept.push(withinBytes(text, left - 1));
      break;
    }
    kept.push(text);
    left -= bytes;
  }
  return kept;
}

/** The last texts that fit together, in their order: of a conversation the newest turns. */
export function lastWithin(texts: readonly string[], bytesMax: number): string[] {
  return firstWithin(texts.toReversed(), bytesMax).reverse();
}
