import { LinkifyIt } from "linkify-it";

/** A place in a text at which something personal stands. */
export interface PersonalData {
  /** What it is, for people; never what it says. */
  kind: string;
  start: number;
  end: number;
}

/** Something that tells who a person is, such as their id or name. */
export interface KnownIdentity {
  kind: string;
  text: string;
}

/** Also those without a scheme, of the ends that links in chats have: `mia.example.com`, `mia.fans`. */
const links = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: true, fuzzyIP: true }).tlds(
  ["app", "dev", "fans", "link", "live", "online", "shop", "site", "xyz"],
  true,
);

/** `@mia`, but not the middle of an address. */
const handle = /(?<![\p{L}\p{N}_.])@[\p{L}\p{N}_][\p{L}\p{N}_.-]*/gu;

/**
 * Seven digits or more, with what people put between the digits of a telephone, card or account number. Stricter
 * than a library of the world's numbering plans, which needs to know the country, and lets cards and ids pass.
 */
const longNumber = /\p{Nd}(?:[\s().+/\\_-]{0,3}\p{Nd}){6,}/gu;

/**
 * What in a text tells who somebody is: addresses, links, handles, long numbers, and what is known of the people
 * that it may be about. It can't find a name that nobody told.
 */
export function findPersonalData(text: string, known: readonly KnownIdentity[] = []): PersonalData[] {
  const found: PersonalData[] = (links.match(text) ?? []).map(({ schema, index, lastIndex }) => ({
    kind: schema === "mailto:" ? "an e-mail address" : "a link",
    start: index,
    end: lastIndex,
  }));
  const add = (kind: string, pattern: RegExp) => {
    for (const match of text.matchAll(pattern)) {
      found.push({ kind, start: match.index, end: match.index + match[0].length });
    }
  };
  add("a handle", handle);
  add("a telephone or other long number", longNumber);
  for (const { kind, text: identity } of known) {
    const words = identity.normalize("NFKC").trim();
    if (words !== "") {
      add(kind, new RegExp(`(?<![\\p{L}\\p{N}])${literal(words)}(?![\\p{L}\\p{N}])`, "giu"));
    }
  }
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** A text as it is searched: fullwidth digits are digits, and nothing invisible parts what belongs together. */
export function plainText(text: string): string {
  return text.normalize("NFKC").replace(/\p{Cf}/gu, "");
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
