/** What a platform takes of a post. */
interface CaptionLimits {
  /** Caption and hashtags together. */
  lengthMax: number;
  hashtagsMax: number;
  /** In what the platform counts; UTF-16 where it does not say, since that is never less than its characters. */
  length(text: string): number;
}

const utf16 = (text: string) => text.length;

/**
 * Sources, as of 2026-11. Instagram: 2,200 characters (developers.facebook.com, Instagram content publishing); it took
 * 30 hashtags until the end of 2025, when it began to take five. TikTok: `title` of at most 2,200 UTF-16 units
 * (developers.tiktok.com, Content Posting API); five hashtags since 2025. Twitter: 280, weighted
 * (raw.githubusercontent.com/twitter/twitter-text, config/v3.json). Facebook: 63,206 characters. OnlyFans: 1,000
 * characters, as its posting form says. Numbers of hashtags on Twitter, Facebook and OnlyFans are what is usual:
 * they set no bound.
 */
export const captionLimits = {
  instagram: { lengthMax: 2200, hashtagsMax: 5, length: utf16 },
  tiktok: { lengthMax: 2200, hashtagsMax: 5, length: utf16 },
  twitter: { lengthMax: 280, hashtagsMax: 3, length: tweetLength },
  onlyfans: { lengthMax: 1000, hashtagsMax: 5, length: utf16 },
  facebook: { lengthMax: 63_206, hashtagsMax: 10, length: utf16 },
} as const satisfies Record<string, CaptionLimits>;

export type CaptionPlatform = keyof typeof captionLimits;
export const captionPlatforms = Object.keys(captionLimits) as [CaptionPlatform, ...CaptionPlatform[]];

const emoji =
  /\p{Regional_Indicator}{2}|[0-9#*]\ufe0f?\u20e3|\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?(?:\u200d\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?)*/u;
/** What must not be cut apart. Intl.Segmenter copies the whole text for each piece, in Node 20. */
const pieceOf = new RegExp(`${emoji.source}|\\P{M}\\p{M}*|\\p{M}+`, "gu");
/** Code points that count one; all others, and every emoji whatever it is made of, count two. */
const lightRanges: readonly (readonly [number, number])[] = [
  [0, 4351],
  [8192, 8205],
  [8208, 8223],
  [8242, 8247],
];
const tweetLinkLength = 23;
const tweetLink =
  /\bhttps?:\/\/\S+|(?<![a-z0-9-])(?<![a-z0-9-]\.)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24}\b(?:\/\S*)?/gi;

/** A post's length as Twitter counts it. Whatever might be a link counts as one, or as its text if that is more. */
export function tweetLength(text: string): number {
  const normal = text.normalize("NFC");
  const links = [...normal.matchAll(tweetLink)].map(([link]) =>
    Math.max(0, tweetLinkLength - weightOf(link)),
  );
  return links.reduce((sum, more) => sum + more, weightOf(normal));
}

function weightOf(text: string): number {
  let weight = 0;
  for (const [piece] of text.matchAll(pieceOf)) {
    weight += emoji.test(piece) ? 2 : [...piece].reduce((sum, character) => sum + weightOfOne(character), 0);
  }
  return weight;
}

function weightOfOne(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  return lightRanges.some(([first, last]) => code >= first && code <= last) ? 1 : 2;
}

/**
 * A caption and its hashtags as they may be posted: hashtags normalised, each once, none that the caption has
 * already; then as many as fit. A caption that is too long alone is cut at a word.
 */
export function fitCaption(
  platform: CaptionPlatform,
  caption: string,
  hashtags: readonly string[],
): { caption: string; hashtags: string[] } {
  const { lengthMax, hashtagsMax, length } = captionLimits[platform];
  const fitting = cutAtWord(caption.trim(), lengthMax, length);
  const own = (fitting.match(hashtag) ?? []).map((tag) => tag.toLowerCase());
  const kept: string[] = [];
  for (const tag of hashtags.map(normalised)) {
    if (tag === undefined || own.length + kept.length >= hashtagsMax) continue;
    if ([...own, ...kept.map((one) => one.toLowerCase())].includes(tag.toLowerCase())) continue;
    if (length([fitting, ...kept, tag].join(" ")) <= lengthMax) kept.push(tag);
  }
  return { caption: fitting, hashtags: kept };
}

const hashtag = /#[\p{L}\p{M}\p{N}_]+/gu;
const hashtagLettersMax = 100;

/** `#beachDay` of "Beach Day!" and "##beachDay"; undefined where no letter is left. */
function normalised(tag: string): string | undefined {
  const [first = "", ...rest] = tag.normalize("NFC").match(/[\p{L}\p{M}\p{N}_]+/gu) ?? [];
  const word = first + rest.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("");
  return /\p{L}/u.test(word) && word.length <= hashtagLettersMax ? `#${word}` : undefined;
}

function firstPieces(text: string, count: number): string[] {
  const pieces: string[] = [];
  for (const [piece] of text.matchAll(pieceOf)) {
    if (pieces.push(piece) === count) break;
  }
  return pieces;
}

function cutAtWord(text: string, lengthMax: number, length: (text: string) => number): string {
  // Each counts one at least: what comes after so many is not even measured.
  const pieces = firstPieces(text, lengthMax + 1);
  const beginning = pieces.join("");
  if (beginning === text && length(text) <= lengthMax) return text;
  // The longest beginning that fits with its ellipsis; lengths only grow with what is added.
  let [fits, tooLong] = [0, pieces.length];
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (length(`${pieces.slice(0, middle).join("")}…`) <= lengthMax) fits = middle;
    else tooLong = middle;
  }
  const cut = pieces.slice(0, fits).join("");
  const atWord = /^[\s\S]*\S(?=\s)/.exec(cut)?.[0] ?? "";
  return `${atWord.length > cut.length / 2 ? atWord : cut.trimEnd()}…`;
}
