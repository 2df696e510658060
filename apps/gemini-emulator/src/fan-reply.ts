import { fraction, hash } from "./hash.ts";
import { judge } from "./judge.ts";
import { detectLanguage } from "./language.ts";
import { type Kind, kindOf } from "./message-kind.ts";
import { plainText, readableText } from "./message-text.ts";
import { EMOJI, ENGLISH, PITCH_DEFAULT, PITCHES } from "./phrases-en.ts";
import { broadKind, WORLD } from "./phrases-world.ts";
import { findTopic, type Topic } from "./topic.ts";

export interface ReplyOptions {
  /** The instructions given: who answers, and whether emoji are unwelcome. */
  instructions?: string;
  /** Draws another wording for the same message. */
  variant?: number;
}

/** Where one does not joke, flatter or add emoji. */
const SOBER: ReadonlySet<Kind> = new Set([
  "distress",
  "hate",
  "insult",
  "sexual",
  "minor",
  "payment",
  "injection",
]);

/**
 * A short reply in a creator's voice, in the message's language, that takes up what the message says.
 * The same message always gets the same reply. Never repeats links, handles, coarse words or instructions.
 */
export function replyToFan(message: string, options: ReplyOptions = {}): string {
  const { instructions = "", variant = 0 } = options;
  const seed = `${message}\u0000${variant}`;
  const judgement = judge(message);
  const kind = kindOf(message, judgement);
  const language = detectLanguage(readableText(message));
  const topic = SOBER.has(kind) && kind !== "minor" ? {} : findTopic(message, instructions);
  const reply =
    language === "en" ? englishReply(kind, message, topic, seed) : worldReply(language, kind, topic, seed);
  return /\b(?:no|without|avoid|never use) emojis?\b/i.test(instructions) ? withoutEmoji(reply) : reply;
}

function englishReply(kind: Kind, message: string, topic: Topic, seed: string): string {
  const phrases = ENGLISH[kind];
  const words: Record<string, string | undefined> = {
    ...topic,
    Thing: topic.thing && capitalize(topic.thing),
    pitch: pitchOf(message, seed),
    emoji: kind === "emoji" ? emojiOf(message, seed) : undefined,
  };
  const body = fill(drawFitting(phrases.body, words, seed), words);
  const close = draw(phrases.close, seed, "close");
  const form = hash(`form\u0000${seed}`) % 10;
  const opens = form >= 3 || kind === "place" || kind === "emoji" || kind === "spam" || SOBER.has(kind);
  const closes = form < 7 || kind === "spam" || kind === "distress";
  const first = opens ? join(draw(phrases.open, seed, "open"), body) : capitalize(body);
  const reply = closes && close ? `${first} ${close}` : first;
  const emoji = EMOJI[kind];
  return emoji && fraction(seed, "emoji?") < 0.6 ? `${reply} ${draw(emoji, seed, "emoji")}` : reply;
}

function worldReply(
  language: Exclude<ReturnType<typeof detectLanguage>, "en">,
  kind: Kind,
  topic: Topic,
  seed: string,
): string {
  const phrases = WORLD[language];
  const words = { quote: topic.quote };
  const broad = broadKind(kind);
  const body = fill(drawFitting(phrases.body[broad], words, seed), words);
  const close = broad === "distress" ? "" : draw(phrases.close, seed, "close");
  const reply = [body, close].filter(Boolean).join(" ");
  const emoji = EMOJI[kind];
  return emoji && fraction(seed, "emoji?") < 0.6 ? `${reply} ${draw(emoji, seed, "emoji")}` : reply;
}

/** "Aw," goes on in lower case, "Yes!" does not; neither does a quotation. */
function join(open: string, body: string): string {
  if (/[.!?]$/.test(open)) return `${open} ${capitalize(body)}`;
  const continues = /^(?:I\b|I’|\p{Lu}\p{Ll}+ \p{Lu}|“|LOL)/u.test(body) || !/^\p{Lu}/u.test(body);
  return `${open} ${continues ? body : body.slice(0, 1).toLowerCase() + body.slice(1)}`;
}

/** Three times in four a sentence that takes something up, if there is one. */
function drawFitting(
  sentences: readonly string[],
  words: Readonly<Record<string, string | undefined>>,
  seed: string,
): string {
  const fitting = sentences.filter((sentence) =>
    [...sentence.matchAll(/\{(\w+)\}/g)].every(([, name = ""]) => words[name] !== undefined),
  );
  const specific = fitting.filter((sentence) => sentence.includes("{"));
  const plain = fitting.filter((sentence) => !sentence.includes("{"));
  const takesUp = specific.length > 0 && (plain.length === 0 || fraction(seed, "specific") < 0.8);
  return draw(takesUp ? specific : plain, seed, "body");
}

function fill(sentence: string, words: Readonly<Record<string, string | undefined>>): string {
  const filled = sentence.replace(/\{(\w+)\}/g, (_, name: string) => words[name] ?? "");
  // A quotation keeps its own punctuation outside.
  return filled.replace(/”([.!?,])([.!?])/g, "”$2");
}

function pitchOf(message: string, seed: string): string {
  const plain = plainText(message);
  const pitches = PITCHES.find(([pattern]) => pattern.test(plain))?.[1] ?? PITCH_DEFAULT;
  return draw(pitches, seed, "pitch");
}

/** The fan's own emoji come back, up to three; emoticons become hearts or smiles. */
function emojiOf(message: string, seed: string): string {
  const own = [...new Set(message.match(/\p{Extended_Pictographic}\uFE0F?/gu) ?? [])].slice(0, 3);
  if (own.length > 0) return own.join("");
  return draw(message.includes("<3") ? ["❤️", "💛", "💜"] : ["😊", "😄", "✨", "🙌"], seed, "emoticon");
}

function withoutEmoji(reply: string): string {
  const stripped = reply.replace(/(?:(?<!\s)\s+)?(?:\p{Extended_Pictographic}|\uFE0F|\u200D)+/gu, "").trim();
  return stripped || "Thank you!";
}

function draw(choices: readonly string[], seed: string, salt: string): string {
  return choices[hash(`${salt}\u0000${seed}`) % Math.max(1, choices.length)] ?? "";
}

function capitalize(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
