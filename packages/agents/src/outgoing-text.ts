import { bytesOf, type CreatorProfile } from "@understudy/contracts";
import { LinkifyIt } from "linkify-it";
import { withinBytes } from "./budget.ts";
import { contained, visible } from "./fan-text.ts";

/** Most bytes of a draft as it is checked: what is longer is cut, so that what checks it is bounded as well. */
export const draftBytesMax = 4000;

const markdownImage = /!\[[^[\]\n]*\](?:\([^()[\]\n]*\)|\[[^[\]\n]*\])?/g;
const markdownLink = /\[([^[\]\n]+)\](?:\(([^()[\]\n]*)\)|\[[^[\]\n]*\])/g;
const linkDefinition = /^[ \t]{0,3}\[[^[\]\n]+\]:[ \t]*\S.*$/gm;
const markupTag = /<\/?[a-z!][^<>]{0,2000}>?/gi;
const anyScheme =
  /(?<![a-z0-9+.-])[a-z0-9+.-]+:(?:\/\/|(?=[^\s/]{0,40}[,;]base64))[^\s<>"')\]]+|\b(?:javascript|data|vbscript|mailto|tel):\S+/gi;
/** A host with a path, or that says what it is, whether or not anybody has heard of its domain. */
const anyHost =
  /\bwww\.[^\s<>"')\]]+|(?<![\w-])(?<![\w-]\.)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,24}(?::\d+)?\/[^\s<>"')\]]*/gi;
/** An address whose dot is written out or set apart: "evil (dot) com", "evil . com". */
const disguised =
  /(?<![\w-])[\w-]{2,}(?:\s?(?:\(dot\)|\[\.\]|\[dot\])\s?|\s\.\s?)(?:com|net|org|io|me|app|xyz|info|shop|link)\b(?:\/\S*)?/gi;

/** Without any of these there is no markup, no link, and nothing that could be one. */
const mayBeLink = /[<[(:@]|\/\/|\s\.|\S\.\S/;
/** Whatever is a link to linkify has one of these. */
const mayBeBare = /@|\/\/|\S\.\S/;

const linkify = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: true, fuzzyIP: true }).tlds(
  [
    "app",
    "xyz",
    "dev",
    "link",
    "site",
    "online",
    "store",
    "club",
    "top",
    "live",
    "page",
    "fans",
    "click",
    "onion",
  ],
  true,
);

/**
 * A draft as it may be shown: without images, markup and links, but for links to hosts that the creator's own
 * profile names. A link could carry out what the model has read, in its path, the moment it is drawn.
 */
export function fitToShow(text: string, profile: CreatorProfile): string {
  // What is surely cut off is not even cleaned.
  const given = visible(text.slice(0, 4 * draftBytesMax)).trim();
  if (!mayBeLink.test(given)) return readWithin(given, draftBytesMax);
  const known = new KnownHosts(profile);
  const unmarked = given
    .replace(markdownImage, "")
    .replace(linkDefinition, "")
    .replace(markdownLink, (_, label: string, target = "") => {
      // Its title comes after a space, and angles may stand around it.
      const [url = ""] = target.trim().split(/\s/, 1);
      const address = url.replace(/^<|>$/g, "");
      return known.has(address) ? `${label} ${address}` : label;
    })
    .replace(markupTag, "")
    .replace(anyScheme, (url) => (known.has(url) ? url : ""))
    .replace(anyHost, (url, at: number, whole: string) =>
      known.has(url) || (whole.slice(Math.max(0, at - 2), at) === "//" && known.has(`http://${url}`))
        ? url
        : "",
    );
  const spoken = withoutLinks(unmarked, known).replace(disguised, "");
  return readWithin(spoken === given ? given : withoutGaps(spoken), draftBytesMax);
}

/** The beginning of a draft that is no longer than that to whoever checks it either: contained, it may have grown. */
function readWithin(text: string, bytesMax: number): string {
  let cut = withinBytes(text, bytesMax);
  // What is contained is at most three times as long.
  if (3 * bytesOf(cut) <= bytesMax) return cut;
  for (;;) {
    const over = bytesOf(contained(cut)) - bytesMax;
    if (over <= 0) return cut;
    cut = withinBytes(cut, bytesOf(cut) - over);
  }
}

function withoutGaps(text: string): string {
  return text
    .replace(/[ \t]{2,}/g, " ")
    .replace(/(?<![ \t])[ \t]+(?=[.,!?;:]|$)/gm, "")
    .trim();
}

/** Whether a text repeats so many words of its instructions in a row that it can't be chance. */
export function quotesInstructions(text: string, system: string): boolean {
  const instructions = instructionsOf(system);
  const words = wordsOf(text);
  let known = 0;
  const isQuote = words.some((word, at) => {
    known = instructions.words.has(word) ? known + 1 : 0;
    if (known < quotedWords) return false;
    return instructions.text.includes(` ${words.slice(at + 1 - quotedWords, at + 1).join(" ")} `);
  });
  return isQuote || /<\/?[a-z]+_[a-z_]+>/i.test(text);
}

const quotedWords = 10;

/** Kept: an agent's instructions stay the same. */
const readInstructions = new Map<string, { text: string; words: ReadonlySet<string> }>();

function instructionsOf(system: string) {
  const kept = readInstructions.get(system);
  if (kept) return kept;
  const words = wordsOf(system);
  const instructions = { text: ` ${words.join(" ")} `, words: new Set(words) };
  readInstructions.set(system, instructions);
  return instructions;
}

/** The words of a text, however they are written. */
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
}

function withoutLinks(text: string, known: KnownHosts): string {
  if (!mayBeBare.test(text)) return text;
  let rest = text;
  for (const { index, lastIndex, url } of (linkify.match(text) ?? []).reverse()) {
    if (!known.has(url)) rest = rest.slice(0, index) + rest.slice(lastIndex);
  }
  return rest;
}

/** The hosts that a creator's own profile names; looked for only where a draft has a link. */
class KnownHosts {
  readonly #profile: CreatorProfile;
  #hosts: ReadonlySet<string | undefined> | undefined;

  constructor(profile: CreatorProfile) {
    this.#profile = profile;
  }

  /** Whether a link leads to one of them. */
  has(url: string): boolean {
    const host = hostOf(/^[a-z][a-z0-9+.-]*:/i.test(url) ? url : `http://${url}`);
    if (host === undefined || bytesOf(url) > linkBytesMax) return false;
    this.#hosts ??= hostsOf(this.#profile);
    return this.#hosts.has(host);
  }
}

/** What has no host, such as an e-mail address, is undefined among them. */
function hostsOf({ voice = "", dos = [], donts = [], sampleReplies = [] }: CreatorProfile) {
  const matches = linkify.match([voice, ...dos, ...donts, ...sampleReplies].join("\n")) ?? [];
  return new Set(matches.map(({ url }) => hostOf(url)));
}

/** Long enough for a page, too short for a conversation. */
const linkBytesMax = 200;

function hostOf(url: string): string | undefined {
  if (!/^(?:https?:)?\/\//i.test(url) || !URL.canParse(url, "http://x")) return undefined;
  const { username, password, host } = new URL(url, "http://x");
  return username || password ? undefined : host.replace(/^www\./, "");
}
