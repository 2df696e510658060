import { aroundPart, bytesOf } from "@understudy/contracts";
import { withinBytes } from "./budget.ts";

/**
 * Characters that people can't see but models read: controls, soft hyphens, fillers, zero-width and direction
 * marks (but not the joiner that binds emoji), tags, and variation selectors beyond the usual. Instructions are
 * smuggled in them.
 */
const invisible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|\u034f|[\u17b4\u17b5]|[\u180b-\u180f]|[\ufe00-\ufe0d]|[\u{1d173}-\u{1d17a}]|[\u{e0000}-\u{e0fff}]/gu;

/** A joiner binds pictures, and marks of scripts that need it; a second emoji style says nothing. */
const stray =
  /(?<!\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{M})\u200d|(?<=[\ufe0e\ufe0f])[\ufe0e\ufe0f]+/gu;

/** `<fan_message`, `</ app_context`: the beginning of what could close or open a label of ours. */
const labelLike = /[<＜﹤](\s*(?:\/\s*)?)(?=[a-z]+_[a-z_]+\b)/giu;

/** Marks by which chat models tell roles apart: `<|im_start|>`, `[INST]`, `<<SYS>>`, `<start_of_turn>`. */
const roleMarks =
  /<(?=\|)|<(?=<\s*(?:\/\s*)?sys\s*>>)|\[(?=\s*(?:\/\s*)?(?:inst|system|assistant|user)\s*\])/giu;

/** `<system>`, `</user>`, `<assistant foo>`. */
const roleTags =
  /[<＜﹤](\s*(?:\/\s*)?)(?=(?:system|developer|assistant|model|user|human|instructions?)\b[^>\n]{0,80}[>＞﹥])/giu;

/** A line that begins as if somebody else spoke: `system:`, `### Assistant:`, `creator:`. */
const fakeTurn =
  /^(?=[\s>*_#`"'([-]{0,8}(?:system|developer|assistant|model|user|human|ai|creator|fan)\b[^:：\n]{0,24}[:：])/gimu;

/** Most texts: line ends, tabs, printable ASCII, the letters of Europe, and plain emoji. Of these all can be seen. */
const allSeen = /^[\t\n\x20-\x7e\u00a0-\u00ac\u00ae-\u034e\ud83c-\ud83e\udc00-\udfff]*$/;

/** What a label, a mark, a tag or a turn would need of what can be seen. */
const mayPretend = /[<＜﹤[:：]/;

/** A text without what people can't see. */
export function visible(text: string): string {
  if (allSeen.test(text)) return text;
  return text.replace(/\r\n?/g, "\n").replace(invisible, "").replace(stray, "");
}

/** Text from outside, as it may stand in a prompt: all to be seen, and unable to pass for a label or a turn. */
export function contained(text: string): string {
  const seen = visible(text);
  if (!mayPretend.test(seen)) return seen;
  return seen
    .replace(labelLike, "‹$1")
    .replace(roleTags, "‹$1")
    .replace(roleMarks, (mark) => (mark === "[" ? "(" : "‹"))
    .replace(fakeTurn, "> ");
}

/**
 * Puts text from outside into a labelled part, so that it is read as data, never as instruction.
 * @param bytesMax most bytes of the text in UTF-8, the label not counted; what is over is cut off
 */
export function labelled(label: string, text: string, bytesMax = Number.POSITIVE_INFINITY): string {
  // What is surely cut off is not even cleaned: twice as much is left, since cleaning takes away what can't be seen.
  return wrapped(label, withinBytes(contained(text.slice(0, 2 * bytesMax)), bytesMax));
}

/** A labelled part of texts that are contained already. */
export function wrapped(label: string, text: string): string {
  return `<${label}>\n${text}\n</${label}>`;
}

/** Text from outside that will stand in a prompt: its label, the text, and most bytes of it where it is cut. */
export type OutsidePart = readonly [label: string, text: string, bytesMax?: number | undefined];

/** Most that a labelled part adds to a prompt's upper bound, where its text is known only later. */
export function partBytesMax(label: string, textBytesMax: number): number {
  return textBytesMax + 2 * label.length + 7 + aroundPart;
}

/** Most that such parts add, without wording them. */
export function partsBytesMaxOf(parts: readonly OutsidePart[]): number {
  return parts.reduce((sum, part) => sum + labelledBytesMax(...part), 0);
}

/** Two bytes more for each "<", which becomes a "‹", and for each line, which may get "> " before it. */
function labelledBytesMax(label: string, text: string, bytesMax = Number.POSITIVE_INFINITY): number {
  const most = bytesOf(text) + 2 * (1 + (text.match(/[<\n\r]/g)?.length ?? 0));
  return partBytesMax(label, Math.min(most, bytesMax));
}
