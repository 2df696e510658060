import type { CreatorProfile } from "@understudy/contracts";
import { findPersonalData, type KnownIdentity } from "./personal-data.ts";

/** What stands for what was left out. */
const omission = "[…]";

/** What stands before a sentence's first word: nothing, an end of another, or a picture. */
const sentenceEnd = /^\s*$|[.!?…\n:]["'”’)\s]{0,8}$|(?:\p{Extended_Pictographic}|\ufe0f)\s{0,8}$/u;

const word = /[\p{L}\p{M}\p{N}'’]+/gu;

/** What a reply answered, and who wrote it. */
export interface ReplyOrigin {
  creatorId: string;
  fanId: string | null;
  /** The job's: message, history and context as far as it has them. */
  input: unknown;
  profile: CreatorProfile | null;
}

/**
 * A reply as an example for replies to other fans: how the creator sounds, without the fan. What the fan wrote is not
 * in it, and out of the reply are left: addresses, links, handles, long numbers, the fan's id, names in the app's
 * context (fields whose name contains "name"), and words that the fan wrote as names are written. What the creator
 * says of themself in their profile stays. A name that nobody wrote so can't be known.
 *
 * @returns undefined where nothing is left of it
 */
export function styleExample(reply: string, origin: ReplyOrigin): string | undefined {
  const own = wordsOf([origin.creatorId, JSON.stringify(origin.profile ?? {})].join(" "));
  const names = new Set([...namesIn(origin.input, false)].flatMap((name) => [...wordsOf(name)]));
  const written = capitalised(fanTexts(origin.input).join("\n"));

  const identities: KnownIdentity[] =
    origin.fanId === null ? [] : [{ kind: "the fan's id", text: origin.fanId }];
  const left = findPersonalData(reply, identities).map(({ start, end }) => ({ start, end }));
  for (const { lower, start, end, isCapital, beginsSentence } of readWords(reply)) {
    const isName =
      names.has(lower) ||
      written.inside.has(lower) ||
      (isCapital && !beginsSentence && written.first.has(lower));
    if (isName && !own.has(lower)) left.push({ start, end });
  }

  const example = omit(reply, left).trim();
  return /[\p{L}\p{N}]/u.test(example.replaceAll(omission, "")) ? example : undefined;
}

/** Without those places, which may overlap. */
function omit(text: string, places: { start: number; end: number }[]): string {
  let result = "";
  let at = 0;
  for (const { start, end } of places.sort((a, b) => a.start - b.start)) {
    // Side by side they are one.
    if (start > at || result === "") result += text.slice(at, start) + omission;
    at = Math.max(at, end);
  }
  return result + text.slice(at);
}

/** Words that begin with a capital: within a sentence they may be names anywhere, at its beginning perhaps. */
function capitalised(text: string): { inside: Set<string>; first: Set<string> } {
  const found = { inside: new Set<string>(), first: new Set<string>() };
  for (const { lower, isCapital, beginsSentence } of readWords(text)) {
    if (isCapital) found[beginsSentence ? "first" : "inside"].add(lower);
  }
  return found;
}

function readWords(text: string) {
  return [...text.matchAll(word)].map((match) => ({
    lower: match[0].toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
    // All capitals is shouting.
    isCapital: /^\p{Lu}[\p{Ll}\p{M}]/u.test(match[0]),
    beginsSentence: sentenceEnd.test(text.slice(Math.max(0, match.index - 8), match.index)),
  }));
}

function wordsOf(text: string): Set<string> {
  return new Set([...text.matchAll(word)].map(([found]) => found.toLowerCase()));
}

/** What the fan wrote: now, and in the history that came with it. */
function fanTexts(input: unknown): string[] {
  const { message, history } = fields(input);
  const turns = Array.isArray(history) ? history.map(fields) : [];
  return [message, ...turns.filter(({ from }) => from === "fan").map(({ text }) => text)].filter(
    (text) => typeof text === "string",
  );
}

/** Texts in fields that are named so, at any depth. */
function* namesIn(value: unknown, isName: boolean): Generator<string> {
  if (typeof value === "string" && isName) yield value;
  for (const [key, entry] of Object.entries(fields(value))) {
    yield* namesIn(entry, Array.isArray(value) ? isName : /name/i.test(key));
  }
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
