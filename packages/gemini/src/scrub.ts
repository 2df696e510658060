import { PartsOfText } from "./matching-parts.ts";

/** A run of the request's text that is as long as this is its text, not chance; in characters. */
export const runMin = 20;

/** Whatever is shorter is no key, but a word; in characters. */
const secretMin = 12;

/** Source: cloud.google.com/docs/authentication/api-keys; only what follows differs from key to key. */
const googleKey = /AIza[\w-]*/g;

/** Marks between which errors repeat what they were sent; typographic ones count as plain. */
const quoteMarks = [/['‘’]/g, /["“”]/g, /`/g];

/**
 * What others wrote about a request, without the request: each run of 20 characters that stands in `prompts` too, and
 * each quoted piece that does, becomes "…", and so does any API key. Takes steps in the order of all lengths together.
 *
 * @param prompts what was sent
 * @param secrets never shown, such as the keys in use
 */
export function scrubbed(text: string, prompts: readonly string[], secrets: readonly string[] = []): string {
  let clean = text.replace(googleKey, "…");
  for (const secret of secrets) if (secret.length >= secretMin) clean = clean.replaceAll(secret, "…");
  if (clean === "") return clean;
  const lengths = new PartsOfText(clean).longestMatches(prompts);
  return withoutStretches(clean, [...runsOf(lengths), ...quotedPiecesOf(clean, lengths)]);
}

/** From character to character, the end left out. */
type Stretch = [from: number, to: number];

function runsOf(lengths: readonly number[]): Stretch[] {
  return lengths.flatMap((length, at) => (length >= runMin ? [[at + 1 - length, at + 1] as Stretch] : []));
}

/** What stands between two marks of a kind; rather too much than too little, since some marks are apostrophes. */
function quotedPiecesOf(text: string, lengths: readonly number[]): Stretch[] {
  return quoteMarks.flatMap((mark) => {
    const places = [...text.matchAll(mark)].map(({ index }) => index);
    return places.slice(1).flatMap((to, n) => {
      const from = (places[n] ?? 0) + 1;
      // Whatever follows a word ends a quotation, but for a letter before it, as in b'…'.
      const opens = !/\w\w$/.test(text.slice(Math.max(0, from - 3), from - 1));
      const isSent = opens && to > from && (lengths[to - 1] ?? 0) >= to - from;
      return isSent && /[\p{L}\p{N}]/u.test(text.slice(from, to)) ? [[from, to] as Stretch] : [];
    });
  });
}

function withoutStretches(text: string, stretches: Stretch[]): string {
  let kept = "";
  let end = 0;
  for (const [from, to] of stretches.sort(([a], [b]) => a - b)) {
    if (from > end || kept === "") kept += `${text.slice(end, from)}…`;
    end = Math.max(end, to);
  }
  return kept + text.slice(end);
}
