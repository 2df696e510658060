/**
 * Characters that people can't see but models read: controls, soft hyphens, zero-width and direction marks
 * (but not the joiner that binds emoji), tags, and variation selectors beyond the usual. Instructions are
 * smuggled in them.
 */
const invisible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\u{e0100}-\u{e01ef}]/gu;

/**
 * Puts text from outside into a labelled part, so that it is read as data, never as instruction: invisible
 * characters are stripped, and nothing in the text can close its label.
 */
export function labelled(label: string, text: string): string {
  const clean = text.replace(invisible, "").replace(/<(\s*\/?\s*)(?=[a-z]+_[a-z]+\s*>)/gi, "‹$1");
  return `<${label}>\n${clean}\n</${label}>`;
}
