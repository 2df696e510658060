const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&#x27;": "'",
  "&nbsp;": " ",
  "&amp;": "&",
};

/** A fan's message as a person reads it: HTML taken off (a link's own text stays), entities and spaces resolved. */
export function readableText(message: string): string {
  if (message !== lastMessage) [lastMessage, lastReadable, lastPlain] = [message, toReadable(message), null];
  return lastReadable;
}

// One message is looked at from many sides in a row; the work is done once.
let lastMessage = "";
let lastReadable = "";
let lastPlain: string | null = null;

function toReadable(message: string): string {
  return message
    .replace(/<br\s*\/?>/gi, "\n")
    .replace(/<a\s[^>]{0,500}>\s*(\d{1,2}:\d{2})\s*<\/a>/gi, " $1 ")
    .replace(/<\/?[a-z][^>]{0,500}>/gi, " ")
    .replace(/&(?:lt|gt|quot|#39|#x27|nbsp|amp);/g, (entity) => ENTITIES[entity] ?? " ")
    .replace(/\p{Cf}/gu, "")
    .replace(/[ \t]+/g, " ")
    .trim();
}

/** For matching words: lower case, "loooove" as "love", typographic apostrophes plain. */
export function plainText(message: string): string {
  const readable = readableText(message);
  lastPlain ??= toPlain(readable);
  return lastPlain;
}

function toPlain(readable: string): string {
  return readable
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[’‘`´]/g, "'")
    .replace(/([a-zà-ÿ])\1{2,}/g, "$1")
    .replace(/\s+/g, " ");
}

/** A web address, also one disguised as "site . com" or by its path alone. */
export const LINK =
  /https?:|www\s?\.|\b[a-z0-9-]{2,63}\s?\.\s?(?:com|net|org|info)\b|\b[a-z0-9-]{2,63}\.(?:co|io|tv|ly|gl|biz|ru|uk|lk|xyz|su)\b|\b[a-z0-9-]{2,63}\.(?:me|be|it|de|fr|pl|br|cz|app|site|online|shop|store|link)\/|watch\?v=|youtu\s*(?:\.\s*)?be\/|\/watch/i;

/** Words that a reply never repeats. */
export const COARSE =
  /\b(?:f+u+c*k\w*|fck\w*|fu cking|shit\w*|bitch\w*|ass|asses|asshole|dick\w*|cunt|slut\w*|whore\w*|wank\w*|gay|fag\w*|n[i1]gg\w*|retard\w*|gook|jap|chink|boobs?|booobs|tits|penis|sex\w*|porn\w*|rape\w*|kill\w*|die|dies|dead|bleach|nazi|stfu|wtf|damn|crap|hell|bastard|stupid|idiot|dumb|suck\w*|garbage|terrorist|bomb\w*|abus\w*|cheat\w*|illuminati|mgtow)\b/i;
