import { COARSE, LINK, plainText, readableText } from "./message-text.ts";

/** What of a message a reply can take up. Nothing here is ever a link, a handle, or coarse. */
export interface Topic {
  /** "the chorus": something that the message names. */
  thing?: string;
  /** "Megan Fox". */
  name?: string;
  /** "3:46". */
  moment?: string;
  /** "2015". */
  year?: string;
  /** "2 billion". */
  count?: string;
  /** "Bulgaria". */
  place?: string;
  /** A few words of the message as they stand. */
  quote?: string;
}

/** In order: the first that a message contains is what it is about. */
const THINGS: readonly (readonly [RegExp, string])[] = [
  [/\broa+r\w*/, "that roar"],
  [/\bshuf+l\w*/, "the shuffle"],
  [/\btiger/, "the tiger"],
  [/\belephant/, "the elephant"],
  [/\bmonkey/, "the monkey"],
  [/\banimals?\b/, "the animals"],
  [/\bjungle/, "the jungle"],
  [/\brobo\w*/, "the robot"],
  [/\bbox ?man/, "the box man"],
  [/\bchorus|\bhook\b/, "the chorus"],
  [/\blyrics?\b/, "the lyrics"],
  [/\b(?:the|that|this|sick) beat\b|\bbass\b|\bthe drop\b/, "the beat"],
  [/\brap\w*\b|\bverses?\b|\bflow\b/, "the rap"],
  [/\bvoices?\b|\bvocals?\b|\bsing(?:s|ing)?\b/, "the vocals"],
  [/\bdanc\w+|\bmoves\b|\bsteps\b/, "the dancing"],
  [/\bphone\b|\bnokia|\btelephone/, "that phone"],
  [/\bmake ?up\b/, "the make-up"],
  [/\beyes?\b/, "the eyes"],
  [/\bhair\b|\bblond\w*/, "the hair"],
  [/\bshirt|\bjacket|\boutfit|\bdress\w*|\bsuit\b|\bsleeve/, "the outfit"],
  [/\bglasses\b/, "the glasses"],
  [/\bkid\b|\blittle (?:boy|guy|kid|psy)/, "the little dancer"],
  [/\bhorse/, "the horse"],
  [/\belevator/, "the elevator scene"],
  [/\bplane\b|\bcrash/, "the plane crash"],
  [/\bmirror/, "the mirror"],
  [/\bmessage\b|\bmeaning\b/, "the message"],
  [/\bending\b|\bat the end\b/, "the ending"],
  [/\bstory\b|\bplot\b/, "the story"],
  [/\bcommercial|\badvert/, "the advert"],
  [/\bradio\b/, "the radio"],
  [/\bparty(?! rock)\w*/, "the party"],
  [/\balbum/, "the album"],
  [/\bconcert|\btour\b|\blive show/, "the show"],
  [/\bremix|\bcover\b|\bversion\b/, "that version"],
  [/\bcomments?\b/, "the comments"],
  [/\bdislikes?\b/, "the dislikes"],
  [/\bchildhood|\bgrew up\b/, "those childhood days"],
  [/\bphotos?\b|\bpics?\b|\bpictures?\b/, "the pictures"],
  [/\brecipe/, "the recipe"],
  [/\bworkout|\btraining/, "the workout"],
  [/\btutorial/, "the tutorial"],
  [/\bart\b|\bdrawing/, "the art"],
  [/\bgame\b|\bgaming/, "the game"],
  [/\bmovie|\bfilm\b/, "the film"],
  [/\bvideo\w*|\bvid\b|\bclip\b|\bm\/v\b/, "the video"],
  [/\bsongs?\b|\btrack\b|\btune\b|\banthem\b|\bjam\b/, "the song"],
  [/\bmusic\b|\bmusique|\bpop\b/, "the music"],
];

const COUNT =
  /\b(\d[\d.,]*|two|three|almost a|a|one)\s*(billions?|bilion|millions?|mil|thousands?|bi)\b|\b\d{1,3}(?:[.,]\d{3}){2,}\b/;
const PLACE =
  /\b(?:from|hello|hi|greetings from)\s+(?:the\s+)?(\p{Lu}\p{L}{3,}|[a-z]{4,}(?:ia|land|stan|desh|any|ico|ain))\b/u;
const NOT_PLACES =
  /^(?:there|this|that|here|lost|the|animal|now|when|youtube|everyone|people|guys|katy|psy|eminem|india[n]?s)$/i;

/** @param speaker who answers: a creator does not speak of themselves by name */
export function findTopic(message: string, speaker: string): Topic {
  const readable = readableText(message);
  if (LINK.test(readable)) return {};
  const plain = plainText(message);
  const count = COUNT.exec(plain);
  const place = PLACE.exec(readable)?.[1];
  return dropUndefined({
    thing: THINGS.find(([pattern]) => pattern.test(plain))?.[1],
    name: findName(readable, speaker),
    moment: /\b\d{1,2}:[0-5]\d\b/.exec(plain)?.[0],
    year: /(?<![\d.,])(?:19[5-9]\d|20[0-3]\d)(?![\d.,]\d)\b/.exec(plain)?.[0],
    count: count?.[2] ? `${count[1]} ${countWord(count[2])}` : count?.[0],
    place: place && !NOT_PLACES.test(place) ? place[0]?.toUpperCase() + place.slice(1) : undefined,
    quote: findQuote(readable),
  });
}

function countWord(word: string): string {
  if (/^(?:bi|bil)/.test(word)) return "billion";
  return /^mil/.test(word) ? "million" : word;
}

const NOT_NAMES = new Set(
  "I The This That Is It In On At My Your You He She We They What Who Why How When Where And But Or So If Like Love Lol Omg Please Hi Hello Hey Best Good Great Nice Youtube YouTube God English American Chinese Korean Asian Song Video October Official World One Party Rock Never Still Just Of".split(
    " ",
  ),
);

/** Two capitalized words, or a capitalized one that does not begin a sentence. */
function findName(readable: string, speaker: string): string | undefined {
  if (readable === readable.toUpperCase()) return undefined;
  const wordCount = readable.split(/\s+/).length;
  const capitalized = readable.match(/(?<![.!?"\n]\s{0,8})\b\p{Lu}\p{Ll}+\b/gu)?.length ?? 0;
  // Where Every Word Is Capitalized, none tells a name.
  if (wordCount > 4 && capitalized > wordCount * 0.5) return undefined;
  for (const match of readable.matchAll(/\p{Lu}\p{Ll}{2,}(?: \p{Lu}\p{Ll}{2,})?/gu)) {
    const name = match[0];
    const begins =
      match.index === 0 || /[.!?\n]\s{0,8}$/.test(readable.slice(Math.max(0, match.index - 8), match.index));
    if (name.split(" ").some((word) => NOT_NAMES.has(word)) || (begins && !name.includes(" "))) continue;
    if (COARSE.test(name) || speaker.toLowerCase().includes(name.toLowerCase().split(" ")[0] ?? name))
      continue;
    return name;
  }
  return undefined;
}

const DANGLING =
  /(?<!\s)\s+(?:the|a|an|to|of|and|or|is|are|was|in|on|at|for|with|but|so|i|my|your|this|that|when|if|it's|its|because|cuz|we)$/i;

/** The first clause that can stand between quotation marks: two to seven plain words. */
function findQuote(readable: string): string | undefined {
  const wordCount = readable.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
  for (const clause of readable
    .replace(/<3|[:;]-?[()dp3*]+/gi, " ")
    .split(/(?<!\d),|,(?!\d)|[.!?…;:()\n"“”*~]+|\s-+\s|\s{2,}/)) {
    const words = clause
      .replace(/[^\p{L}\p{N}\p{M}'’& -]/gu, " ")
      .trim()
      .split(/\s+/);
    let quote = words.slice(0, 7).join(" ");
    // A sentence cut in the middle is worse than none.
    if (words.length > 9) continue;
    while (words.length > 7 && DANGLING.test(quote)) quote = quote.replace(DANGLING, "");
    quote = quote.replace(/(\p{L})\1{3,}/gu, "$1$1$1").replace(/^[-'’& ]+|(?<![-& ])[-& ]+$/gu, "");
    // One word out of a longer message says nothing.
    if (words.length === 1 && wordCount > 2) continue;
    const fits = quote.length >= 4 && quote.length <= 48 && /\p{L}{2}/u.test(quote) && !/\d{5}/.test(quote);
    if (fits && !COARSE.test(quote) && !LINK.test(quote)) {
      return quote === quote.toUpperCase() && quote.includes(" ") ? quote.toLowerCase() : quote;
    }
  }
  return undefined;
}

function dropUndefined(topic: { [K in keyof Topic]: Topic[K] | undefined }): Topic {
  return Object.fromEntries(Object.entries(topic).filter(([, value]) => value !== undefined));
}
