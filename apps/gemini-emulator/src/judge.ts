import { LINK, plainText } from "./message-text.ts";

export type Category =
  | "spam"
  | "scam"
  | "self_harm"
  | "hate"
  | "harassment"
  | "sexual"
  | "minor"
  | "off_platform_payment"
  | "prompt_injection";

export type Severity = "none" | "low" | "medium" | "high" | "critical";
export const SEVERITIES: readonly Severity[] = ["none", "low", "medium", "high", "critical"];

export interface Judgement {
  allowed: boolean;
  categories: Category[];
  severity: Severity;
  /** One sentence for each category. */
  reasons: string[];
}

interface Rule {
  category: Category;
  severity: Severity;
  reason: string;
  patterns: readonly RegExp[];
}

const SELF = "(?:my|our|mah)";
const WORKS =
  "(?:chann?el\\w*|chanel|chhanel|page|videos?|vids?|vidios?|rap\\w*|covers?|musics?|beats?|songs?|tracks?|mixtapes?|albums?|remix(?:es)?|website|site|blog|stream|work|stuff|sound|playlist|skits|lyrics?|mashup|feed|instagram|facebook|twitter)";

/** What people ask of strangers under other people's videos. Measured on the TubeSpam collection. */
const SPAM: readonly RegExp[] = [
  /\bche?a?c?k(?:ing)?\s?(?:\w+\s){0,4}?out\b/,
  /\bcheck (?:me|us|my|hi|him|this|it|men|mah)\b/,
  /\bchec?k\b (?!if|the v)(?:\S+ ){0,6}?(?:channel|page|videos?)\b/,
  /\b(?:sub|subs|su[bcs]+[sc]?r?[iy]b(?!ers?\b)\w*)\b/,
  /\bs\s?u\s?b\s?s\s?c\s?r\s?i\s?b\s?e\b/,
  new RegExp(
    `\\b${SELF} (?:\\w+ ){0,3}${WORKS}\\b.{0,60}\\b(?:please|plz|pls|watch|visit|listen|like|look)\\b`,
  ),
  new RegExp(
    `\\b(?:please|plz|pls|plizz|visit|watch|withing|go to|look at|look|see|listen to|read|come|search|support|share|visiting|shares?|hear)\\b.{0,40}\\b${SELF} (?:\\w+ ){0,4}${WORKS}\\b`,
  ),
  /\b(?:im|i'm|i am) (?:an? )?(?:\d+ ?(?:yr|year)s? ?old |young |upcoming |aspiring |new ){0,3}(?:rapper|singer|producer|youtuber|artist|songwriter)\b/,
  /\b(?:new|small|young|upcoming|aspiring) (?:youtuber|rapper|channel|singer|producer|artist)\b/,
  new RegExp(`\\bon ${SELF} (?:chann?el|page)\\b`),
  /\bfollow (?:me|us|my|him|her|this|4|for)\b|\bfollower please\b|\badd me\b|\bjoin (?:me|us)\b/,
  /\b(?:like|share|comment on|rate) (?:and \w+ )?(?:my|this) (?:page|poster|comment|facebook|channel)\b/,
  /\blike ?(?:&|and) ?share\b|\bshare (?:this|and like)\b.{0,20}\b(?:video|page|facebook)?/,
  /\bthis is (?:our|my) (?:new |first )?(?:channel|song|vid|video|album)\b/,
  /\b(?:gofundme|indiegogo|kickstarter|petition|surveymonkey|giveaways?|mixtape|soundcloud|paypal)\b/,
  /\b\d+ (?:subs|subscribers)\b/,
  /\b(?:подпис\w*|подпиш\w*)|구독|اشترك|\b(?:suscr[ií]b\w*|inscrev\w*|inscribanse|abonnez|abone ol|mi canal|meu canal|ma chaîne|mein kanal|kanalım)\b/,
];

const SCAM: readonly RegExp[] = [
  /\b(?:earn|make|making|made|win|wins|get|gets|need) (?:\w+ ){0,4}(?:money|dollars?|\$|cash|paypal|gift ?cards?|followers)\b/,
  /\bfree (?:gift|money|cards?|iphone|apps?|followers|stuff|android|subs|cs ?go|download)\b|\bgift cards?\b/,
  /\$\s?\d[\d,.]*\+?\s?(?:per|a|each|every|\/)\s?(?:month|week|day|hour)\b|\b\d+ ?dollars a (?:month|week|day)\b/,
  /\bwork(?:ing)? from home\b|\bhack(?:ed)? (?:any |fb |a )?(?:facebook|accounts?|password|fb|instagram)\b|\bpassword hack\b/,
  /\bbitcoin (?:invest|doubl)|\bcrypto (?:signals?|invest)|\bforex\b|\binvest(?:ment)? (?:now|with me)\b/,
];

const RULES: readonly Rule[] = [
  {
    category: "self_harm",
    severity: "critical",
    reason: "The writer may be thinking of harming themselves and needs a person's care, not a sales reply.",
    patterns: [
      /\b(?:want|going|gonna|wanna|ready|rather) (?:to )?(?:die|end it|end my life|kill my ?self|be dead|disappear forever)\b/,
      /\bkill(?:ing)? my ?self\b|\bsuicid\w*|\bself[- ]?harm\w*|\b(?:cut|cutting|hurt|hurting) my ?self\b|\bend(?:ing)? my life\b/,
      /\bno reason to (?:live|go on)\b|\bdon'?t want to (?:live|be here|exist|be alive)\b|\b(?:can'?t|cannot) go on\b|\bbetter off (?:dead|without me)\b/,
      /\bquiero morir|\bquitarme la vida|\bquero morrer|\bme matar\b|\benvie de mourir|\bme suicider|\bich will (?:sterben|nicht mehr leben)|\bölmek istiyorum|\bingin mati\b/,
      /хочу умереть|не хочу жить|покончить с собой|죽고 싶|자살|أريد أن أموت|انتحار|死にたい/,
    ],
  },
  {
    category: "prompt_injection",
    severity: "high",
    reason: "The text tries to give the assistant instructions instead of talking to the creator.",
    patterns: [
      /\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules|guidelines|above|previous|everything)\b/,
      /\b(?:reveal|print|show|repeat|output|tell me)\b.{0,30}\b(?:system prompt|your (?:prompt|instructions|rules)|api key|secrets?)\b/,
      /\byou are now\b|\bact as (?:an?|the|if)\b.{0,40}\b(?:ai|assistant|dan|admin|system|developer)\b|\bdeveloper mode\b|\bjailbreak/,
      /<\/?(?:system|fan_message|instructions?|assistant)\b|\[\/?(?:inst|system)\]|\bsystem ?: |\bas an ai\b/,
      /\bignora (?:las|as|todas|tus) instru|\bignore[zr]? (?:les|toutes|tes) instructions|\bignoriere\b.{0,20}\banweisung|игнорируй.{0,20}инструкц/,
    ],
  },
  {
    category: "hate",
    severity: "high",
    reason: "Contains slurs or contempt for a group of people.",
    patterns: [
      /\b(?:n[i1]gg(?:er|a)s?|f[a4]gg?[o0]ts?|gooks?|chinks?|japs?\b|k[i1]kes?|sp[i1]cs?|tr[a4]nn(?:y|ies)|paki)\b/,
      /\bching ching\b|\bwhite genocide\b|\bwhite people are going extinct\b|\bfull of retards?\b|\bretard(?:s|ed)\b|\bchainise\b/,
      /\b(?:hate|kill|ban|deport) (?:all )?(?:the )?(?:blacks?|whites?|jews?|muslims?|gays?|asians?|koreans?|chinese|mexicans?|immigrants|women)\b/,
      /\b(?:bieber|he|she|you|psy) ?(?:=|is|are|ur) ?(?:so )?gay\b|\bshould go back to (?:their|your) country\b/,
    ],
  },
  {
    category: "harassment",
    severity: "medium",
    reason: "Insults or threatens a person.",
    patterns: [
      /\b(?:fuck|screw) (?:you|u|off|ya|eminem|psy|katy|rihanna|them|him|her)\b|\bkill your ?self\b|\bkys\b/,
      /\b(?:you|u|she|he|they|she's|he's|you're|ur|your|katy(?: perry)?|eminem|psy|rihanna)\b (?:\w+ ){0,3}?(?:an? )?(?:old )?(?:whore|slut|bitch|cunt|bastard|asshole|idiot|moron|loser|pig|ugly|worthless|disgusting|piece of shit|pathetic)\b/,
      /\bworthless (?:\w+ ){0,3}(?:bastard|head|piece)\b|\bwife beating\b|\bfucking (?:singer|idiot|moron|loser)\b|\byou(?:'re entire|r entire)? family will die\b/,
      /\bi (?:will|'ll|am going to|gonna) (?:find|kill|hurt|beat|rape) (?:you|u|her|him)\b|\bheadbutt your face\b/,
      /\b(?:eres una? (?:puta|mierda|basura)|vai se foder|fils de pute|du (?:arschloch|hurensohn)|иди на|сука|orospu)\b/,
    ],
  },
  {
    category: "sexual",
    severity: "medium",
    reason: "A sexual remark or demand.",
    patterns: [
      /\bsit on my face\b|\b(?:send|show) (?:me )?(?:\w+ )?(?:nudes?|tits|boobs|feet|ass|pussy)\b|\bsucks? (?:me|my) dick\b|\bhave sex\b|\bporn\b|\badult video\b/,
      /\bbo+bs\b|\bnice ass\b|\bsexy ass\b|\bhorny\b|\bwanna fuck\b|\bfuck me\b/,
    ],
  },
  {
    category: "minor",
    severity: "high",
    reason: "The writer says that they are a minor: no selling, no private contact.",
    patterns: [
      /\b(?:i'?m|im|i am|iam|am|me) (?:an? |only |just |a young )?(?:[4-9]|1[0-7]) ?(?:-| )?(?:y\/?o|yrs?|years?)[ -]?(?:old)?\b/,
      /\bim? (?:just )?(?:an? )?(?:[7-9]|1[0-7])\b(?! ?(?:%|million|billion|subs|times|hours|minutes|days|months|weeks|videos|songs))(?=[ .,!)]|$)/,
      /\b(?:[4-9]|1[0-7]) ?(?:year|yr)s? ?old (?:rapper|singer|girl|boy|kid|fan|student|producer)\b/,
      /\btengo (?:[4-9]|1[0-7]) años\b|\btenho (?:[4-9]|1[0-7]) anos\b|\bj'ai (?:[4-9]|1[0-7]) ans\b|\bich bin (?:[4-9]|1[0-7]) jahre\b|\bмне (?:[4-9]|1[0-7]) лет/,
      /\bi'?m in (?:middle|elementary|primary) school\b|\bi'?m in (?:the )?(?:5th|6th|7th|8th|9th) grade\b/,
    ],
  },
  {
    category: "off_platform_payment",
    severity: "high",
    reason: "Asks to pay or to talk outside the platform.",
    patterns: [
      /\b(?:pay|paying|send|tip|buy)\b.{0,30}\b(?:cash ?app|venmo|paypal|zelle|western union|bitcoin|btc|crypto|bank transfer|gift cards?|iban)\b/,
      /\b(?:cash ?app|venmo|zelle|paypal) (?:me|you|is|tag)\b|\byour (?:venmo|cash ?app|paypal|iban)\b|\$[a-z]\w{3,}\b.{0,10}\bcash ?app\b/,
      /\b(?:talk|text|chat|message|contact|write|add|meet) (?:me |you |to you )?(?:on|via|over|at) (?:whats ?app|telegram|snap(?:chat)?|kik|signal|discord|wechat)\b/,
      /\b(?:outside|off) (?:of )?(?:the|this) (?:platform|app|site)\b|\byour (?:phone )?number\b|\b(?:what'?s|give me) your (?:whats ?app|snap)\b|\bi'?ll give you \d+ (?:dollars|bucks|euros?)\b/,
    ],
  },
  {
    category: "scam",
    severity: "medium",
    reason: "Promises money, free goods or followers.",
    patterns: SCAM,
  },
  { category: "spam", severity: "low", reason: "Advertises a link, a channel or itself.", patterns: SPAM },
];

/**
 * What a moderator would say of a text, by rules alone: the same text is always judged the same.
 * Everything that is not plainly one of the categories is allowed, coarse words and hard criticism included.
 */
export function judge(text: string): Judgement {
  if (text !== lastText) [lastText, lastJudgement] = [text, judgeAnew(text)];
  return lastJudgement;
}

// An answer asks for the judgement of one message several times in a row.
let lastText = "";
let lastJudgement: Judgement = { allowed: true, categories: [], severity: "none", reasons: [] };

/** What a moderator would say of a draft to a fan: creators may speak of their own pages and works. */
export function judgeDraft(text: string): Judgement {
  return judgeAnew(
    text,
    RULES.filter(({ category }) => category !== "spam"),
  );
}

function judgeAnew(text: string, rules: readonly Rule[] = RULES): Judgement {
  const read = text.slice(0, 8_000);
  const plain = plainText(read);
  // A link's address is gone from the plain text if it stood in HTML.
  const links = LINK.test(withoutTimestamps(read));
  const hits = rules.filter(
    ({ category, patterns }) =>
      (category === "spam" && links) || patterns.some((pattern) => pattern.test(plain)),
  );
  return {
    allowed: hits.length === 0,
    categories: hits.map(({ category }) => category),
    severity: hits.reduce<Severity>((worst, { severity }) => worseOf(worst, severity), "none"),
    reasons: hits.map(({ reason }) => reason),
  };
}

/** YouTube makes a link of every "3:40", to the same video; nobody advertises by that. */
function withoutTimestamps(text: string): string {
  return text.replace(/<a\s[^>]{0,500}>\s*\d{1,2}:\d{2}\s*<\/a>/gi, " ");
}

function worseOf(one: Severity, other: Severity): Severity {
  return SEVERITIES.indexOf(other) > SEVERITIES.indexOf(one) ? other : one;
}
