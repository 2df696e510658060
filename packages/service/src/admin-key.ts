import { z } from "zod";

const charactersMin = 16;

/** From here on chance has room enough beside words and runs. */
const longFrom = 32;

/** What people type in place of chance: a piece again and again, words, rows of the keyboard. */
const pieces =
  /(.{1,8})\1+|change.?me|letmein|p[a@]ssw[o0]rd|placeholder|example|understudy|your|admin|secret|welcome|production|development|test|key|qwertyuiop|asdfghjkl|zxcvbnm/gi;

/** Of what is left without pieces and runs. */
const leftMin = { characters: 8, different: 6 };

const runMin = 4;

/** `UNDERSTUDY_ADMIN_KEY`: does everything, so it must not be one that somebody would guess. */
export const adminKey = z
  .string()
  .min(charactersMin, `must have at least ${charactersMin} characters`)
  .refine((key) => !canBeGuessed(key), {
    error: "can be guessed: set it to the output of `openssl rand -hex 24`",
  });

function canBeGuessed(key: string): boolean {
  const rest = key.length < longFrom ? withoutRuns(key).replace(pieces, "") : key;
  return rest.length < leftMin.characters || new Set(rest).size < leftMin.different;
}

/** Without what counts up or down: `12345`, `fedc`. */
function withoutRuns(key: string): string {
  let kept = "";
  for (let from = 0; from < key.length; ) {
    const to = runEnd(key, from);
    if (to - from < runMin) kept += key.slice(from, to);
    from = to;
  }
  return kept;
}

/** Where the run ends that begins there. */
function runEnd(key: string, from: number): number {
  const step = key.charCodeAt(from + 1) - key.charCodeAt(from);
  let to = from + 1;
  if (Math.abs(step) !== 1) return to;
  while (to < key.length && key.charCodeAt(to) - key.charCodeAt(to - 1) === step) to++;
  return to;
}
