import { hash } from "./hash.ts";
import { COARSE, LINK } from "./message-text.ts";

const OPENERS = [
  "New one for you:",
  "This one is close to my heart:",
  "You asked, here it is:",
  "Fresh out:",
  "Made with love:",
  "Big mood today:",
  "Save this for later:",
];
const ENDINGS = [
  "Tell me what you think below.",
  "Who’s with me?",
  "Tag someone who needs this.",
  "More tomorrow.",
  "Which part is yours?",
  "Let me know in the comments.",
];
const MOODS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:fun|funny|playful|happy|joy\w*)\b/i, "😄"],
  [/\b(?:calm|cozy|chill|relax\w*|soft)\b/i, "🌿"],
  [/\b(?:romantic|love|intimate)\b/i, "❤️"],
  [/\b(?:energetic|hype|excited|party)\b/i, "🔥"],
];
/** Sites that cut long captions. Characters. */
const SHORT_PLATFORMS = /\b(?:twitter|x\.com|threads|platform"?\s*[:=]\s*"?x)\b/i;
const SHORT_MAX = 200;

/** A caption for what a prompt describes. */
export function captionFor(prompt: string): string {
  const subject =
    field(prompt, "description") ?? field(prompt, "type") ?? words(prompt).slice(0, 6).join(" ");
  const opener = OPENERS[hash(`opener\u0000${prompt}`) % OPENERS.length];
  const ending = ENDINGS[hash(`ending\u0000${prompt}`) % ENDINGS.length];
  const mood = MOODS.find(([pattern]) => pattern.test(prompt))?.[1] ?? "✨";
  const caption = `${opener} ${subject.replace(/(?<![.!?\s])[.!?\s]+$/, "")}. ${ending} ${mood}`;
  return SHORT_PLATFORMS.test(prompt) ? caption.slice(0, SHORT_MAX) : caption;
}

/** Three to five hashtags of a prompt's own words. */
export function hashtagsFor(prompt: string): string[] {
  const text = [
    field(prompt, "description"),
    field(prompt, "type"),
    field(prompt, "mood"),
    field(prompt, "targetAudience"),
  ]
    .filter((part) => part !== undefined)
    .join(" ");
  const tags = words(text || prompt)
    .filter((word) => word.length > 3)
    .map((word) => `#${word.toLowerCase()}`);
  return [...new Set([...tags.slice(0, 4), "#creator", "#newpost", "#behindthescenes"])].slice(0, 5);
}

/** The value of a labelled line, tag or JSON property of a prompt. */
function field(prompt: string, name: string): string | undefined {
  const pattern = new RegExp(
    `(?:"${name}"\\s*:\\s*"([^"]{1,300})"|<${name}>([^<]{1,300})</${name}>|^\\W*${name}\\s*:\\s*(.{1,300})$)`,
    "im",
  );
  const found = pattern.exec(prompt);
  const value = (found?.[1] ?? found?.[2] ?? found?.[3])?.trim();
  return value && !LINK.test(value) ? value : undefined;
}

const STOP_WORDS = new Set(
  "about with that this from your have will they them their what when where which write caption post platform instagram tiktok twitter content info type description mood target audience creator please make for and the into just like some".split(
    " ",
  ),
);

function words(text: string): string[] {
  return (text.slice(0, 4_000).match(/\p{L}{3,}/gu) ?? []).filter(
    (word) => !STOP_WORDS.has(word.toLowerCase()) && !COARSE.test(word),
  );
}
