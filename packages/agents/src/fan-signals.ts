/**
 * What code reads in a fan's own words, without a model: whether they may be sold anything at all. It knows the
 * plain wordings of a few languages, no more; the compliance agent reads the rest.
 */

const selfHarm = [
  /\bi(?:'?m|'?ll|'?d| am| just)? (?:\w+ ){0,3}?(?:want(?:ed)?|wanna|going|gonna|ready|rather|wish i)\b.{0,8}? ?(?:to )?(?:die|be dead|were dead|was dead|end it all|end my life|kill my ?self)\b/,
  /\b(?:kill(?:ing)?|hurt(?:ing)?|cut(?:ting)?|harm(?:ing)?) my ?self\b|\bsuicidal\b|\b(?:commit(?:ting)?|about|thinking of|considering) suicide\b|\bend(?:ing)? my (?:own )?life\b/,
  /\bno (?:reason|point) (?:to|in) (?:live|living|go on|going on)\b|\bdon'?t want to (?:live|be alive|exist|wake up)\b|\bbetter off (?:dead|without me)\b|\bcan'?t go on (?:like this|anymore|any more|living)\b/,
  /\bquiero morir|\bquitarme la vida|\bquero morrer|\bme matar\b|\benvie de mourir|\bme suicider|\b(?:will|möchte|mag) (?:nur noch )?sterben\b|\bnicht mehr leben\b|\bmich umbringen\b|\bvoglio morire|\bölmek istiyorum/,
  /хочу умереть|не хочу жить|покончить с собой|죽고 싶|أريد أن أموت|死にたい/,
];

const hardship = [
  /\b(?:lost my (?:job|mom|mum|dad|mother|father|wife|husband|son|daughter|brother|sister|best friend|dog|cat|home)|got (?:fired|laid off|evicted)|passed away|funeral|(?:mom|mum|dad|mother|father|wife|husband|brother|sister) (?:just )?died|terminal(?:ly)? ill|diagnosed with|in (?:the )?hospital)\b/,
  /\b(?:can(?:'?t|not) (?:afford|pay)|in debt|maxed out|behind on (?:the |my )?rent|my (?:last|rent) money|no money left|broke right now|spent too much|gambling|addict(?:ed|ion) to (?:buying|spending|gambling|you))\b/,
  /\b(?:depress(?:ed|ion)|panic attacks?|(?:i'?m|i am|feel(?:ing)?) (?:so )?(?:hopeless|worthless|alone|lonely)|nobody (?:loves|cares|likes)|no one (?:loves|cares)|hate my (?:life|self)|breakdown|crying (?:all|every) (?:day|night)|self[- ]?harm)\b/,
  /\b(?:i'?m|im|i am) (?:only |just )?(?:[89]|1[0-7])(?: ?(?:years? old|yrs? old|yo|y\/o)\b|[.,!)]|$)/,
  /\bperdí (?:mi trabajo|a mi)|\bno puedo pagar|\bestoy (?:deprimid|desesperad)|\bestou deprimid|\bperdi meu emprego|\bdéprim|\bperdu mon (?:travail|emploi)|\barbeitslos geworden|\bdepressiv|\bkann mir .{0,20}nicht leisten|\bso einsam/,
];

const refusals = [
  /\bno,? (?:thanks|thank you|thx|ty)\b|\bnot interested\b|\b(?:don'?t|do not|won'?t|not going to|never) (?:want to |wanna )?(?:buy|pay|purchase|spend|order)\b|\bstop (?:selling|offering|asking me|pushing|sending me offers)\b|\bno more (?:offers|sales|ads|ppv)\b/,
  /\b(?:don'?t want|not looking for) (?:any ?thing|it|that|any(?: more)?|to buy|your (?:offers?|content|videos?))\b|\b(?:too expensive|too much money|leave me alone|maybe later|not (?:now|today|this time))\b|\bquit (?:trying to sell|spamming)\b/,
  /\bno,? gracias\b|\bno me interesa|\bno quiero comprar|\bnão,? obrigad|\bnão quero comprar|\bnon,? merci\b|\bpas intéress|\bnein,? danke\b|\bkein interesse|\bno,? grazie\b|нет,? спасибо|не интересно/,
];

const purchase =
  /\b(?:how much|price|prices|cost|buy|bought|purchase|for sale|order|merch|custom|unlock|ppv|tip|subscribe to your|renew|recommend|where can i get|take my money|want (?:more|the full|to see more)|ticket)\b|cuánto (?:cuesta|vale)|quiero comprar|quanto custa|comprar|combien (?:ça )?co[uû]te|acheter|was kostet|kaufen|wie teuer|quanto costa|сколько стоит|купить|kaç para|berapa harga/;

/** What creators are asked for, in words that tell nothing of who asks. */
const goods: readonly (readonly [RegExp, string])[] = [
  [/\bcustom\b/, "custom content"],
  [/\bphotos?\b|\bpics?\b|\bpictures?\b|\bsets?\b/, "photo sets"],
  [/\bvideos?\b|\bvids?\b|\bclips?\b/, "videos"],
  [/\bmerch\b|\bshirts?\b|\bhoodies?\b|\bposters?\b/, "merchandise"],
  [/\bconcerts?\b|\bshows?\b|\btickets?\b|\btour\b/, "shows"],
  [/\bsongs?\b|\balbums?\b|\btracks?\b|\bmusic\b/, "music"],
  [/\bcalls?\b|\bvideo ?chat\b/, "calls"],
  [/\blive ?streams?\b|\bstreams?\b/, "streams"],
];

/** The fan speaks of wanting to die or of hurting themselves. */
export const mayHarmThemselves = (text: string) => matches(text, selfHarm);

/** The fan is in distress, in want, grieving, or says to be underage: whoever is, is sold nothing. */
export const isVulnerable = (text: string) => matches(text, selfHarm) || matches(text, hardship);

/** The fan has said no to an offer. */
export const refusesOffers = (text: string) => matches(text, refusals);

/** The fan asks what there is, or what it costs. */
export const asksToBuy = (text: string) => matches(text, [purchase]);

/** Kinds of goods that a text speaks of. */
export function goodsIn(text: string): string[] {
  const plain = plainWords(text);
  return goods.filter(([pattern]) => pattern.test(plain)).map(([, name]) => name);
}

/** All texts and names of fields in JSON, each by itself: some wordings say what they say at the end of a text alone. */
export function textsIn(json: unknown): string[] {
  if (typeof json === "string") return [json];
  if (typeof json !== "object" || json === null) return [];
  return Object.entries(json).flatMap(([name, value]) => [name, ...textsIn(value)]);
}

function matches(text: string, patterns: readonly RegExp[]): boolean {
  const plain = plainWords(text);
  return patterns.some((pattern) => pattern.test(plain));
}

/** ASCII with nothing in it that is not plain but for its case. */
const nearlyPlain = /^[ -_a-~]*$/;

/** U+00B4 goes first: NFKC makes a blank and an accent of it. */
function plainWords(text: string): string {
  if (nearlyPlain.test(text) && !text.includes("  ")) return text.toLowerCase();
  return text
    .replaceAll("´", "'")
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "")
    .replace(/[’‘`]/g, "'")
    .toLowerCase()
    .replace(/\s+/g, " ");
}
