import type { Judgement } from "./judge.ts";
import { plainText, readableText } from "./message-text.ts";

/** What a fan's message is, as far as it decides how one answers. */
export type Kind =
  | "distress"
  | "injection"
  | "hate"
  | "insult"
  | "sexual"
  | "minor"
  | "payment"
  | "scam"
  | "spam"
  | "birthday"
  | "criticism"
  | "year"
  | "views"
  | "moment"
  | "place"
  | "purchase"
  | "question_who"
  | "question_why"
  | "question_when"
  | "question_how"
  | "question"
  | "nostalgia"
  | "sad"
  | "fandom"
  | "comparison"
  | "thanks"
  | "greeting"
  | "joke"
  | "praise"
  | "emoji"
  | "statement";

/** Judged before anything else: a message that breaks a rule gets the answer to that. */
const JUDGED: readonly (readonly [Judgement["categories"][number], Kind])[] = [
  ["self_harm", "distress"],
  ["prompt_injection", "injection"],
  ["hate", "hate"],
  ["sexual", "sexual"],
  ["off_platform_payment", "payment"],
  ["harassment", "insult"],
  ["scam", "scam"],
  ["spam", "spam"],
  ["minor", "minor"],
];

const QUESTION =
  /[?？؟]|^(?:who|what|why|how|when|where|which|is|are|was|does|do|did|can|could|will|would)\b(?!.*!$)/;

/** In order: the first that fits. English, with the plainest words of other languages. */
const PATTERNS: readonly (readonly [Kind, RegExp])[] = [
  [
    "birthday",
    /\b(?:happy|katys|katy's|her|my|your) (?:\w+ )?b(?:irth|-)?day\b|feliz (?:cumple|anivers)|joyeux anniv|alles gute zum geb|с дн[её]м рожд|생일 축하|doğum günü/,
  ],
  [
    "year",
    /(?:watch\w*|listen\w*|hear\w*|shuffl\w*|here|likes?|like if|who|still|thumbs?|anyone|anybody|else)\b.{0,40}(?<!\d)20[0-3]\d\b|^\W*20[0-3]\d\b.{0,14}$|(?<!\d)20[0-3]\d\b.{0,30}(?:still|anyone|watch\w*|listen\w*|like\w*|who|and more)/,
  ],
  [
    "views",
    /\bviews?\b|\bwiews\b|\bviewe(?:d|rs?)\b|\bvisits\b|\bbil+i?o?ns?\b|\bmil+io+ns?\b|\b\d{1,3}(?:[.,]\d{3}){2,}|\bmost (?:watched|liked)\b|\bhits\b/,
  ],
  [
    "purchase",
    /\b(?:how much|price|buy|purchase|for sale|order|merch|custom|exclusive|unlock|discount)\b|cuánto (?:cuesta|vale)|quanto custa|combien (?:ça )?co[uû]te|was kostet|сколько стоит|kaç para|berapa harga/,
  ],
  [
    "criticism",
    /\b(?:hate|dislik\w*|suck\w*|sux|shitt?y?|trash|garbage|worst|bad|awful|terrible|boring|annoying|overrated|overplayed|irritat\w*|useless|horrible|ugly|stupid\w*|crap|screw|wank|weird|wierd|inaccurate|insult|prehistoric|has been|not a (?:big )?fan|don'?t like|dont like|not real music|isn'?t (?:even )?(?:real )?music|drink bleach|old now|getting old|no where near|worthless|spousal)\b|odio|horrible|basura|\blixo\b|nul\b|schlecht|ужас|отстой|кошмар|쓰레기|سيء|berbat|kötü|jelek/,
  ],
  ["moment", /\b\d{1,2}:[0-5]\d\b/],
  [
    "thanks",
    /\b(?:thank(?:s| you|u)?|thx|ty for|gracias|obrigad[oa]|merci|danke|grazie|bedankt|teşekkürler|terima kasih|dziękuję)\b|спасибо|شكرا|감사|고마워|ありがとう/,
  ],
  [
    "place",
    /\b(?:i'?m|i am|iam|greetings|hello|hi|love|saludos|desde|here|\[?♧?)\s?(?:is |a )?from (?!there|this|that|lost|animal)[a-z]+|^hello,? [a-z]+ \p{So}|\bsaludos desde\b|\bgrüße aus\b/u,
  ],
  [
    "sad",
    /\b(?:cry|cried|crying|tears?|sad|so sad|hurts?|heart ?break\w*|broken|lonely|depress\w*|pray|rip|tumou?r|miss you|worst fears|memories hurt|scared|triste|traurig|üzgün|sedih)\b|грустно|плачу|슬프|حزين/,
  ],
  [
    "question_who",
    /\b(?:who(?:'s| is| are| knows| the|s)?|whose|name of|song name|is (?:that|this|it)|was that|who)\b.*[?？]|^(?:is|was) (?:that|she|he)\b|^who\b|she looks like|kinda looks like|reminds? me of [a-z]+$/,
  ],
  ["question_why", /\bwhy\b|\bhow come\b|\bpor ?qu[eé]\b|\bpourquoi\b|\bwarum\b|почему|neden|kenapa|왜/],
  [
    "question_when",
    /\bwhen (?:is|are|will|do|did|does)\b|\bwhat time\b|\bcuándo\b|\bquando\b.*\?|\bquand\b.*\?|\bwann\b|когда|ne zaman|kapan|언제|متى/,
  ],
  ["question_how", /\bhow (?:do|did|does|can|could|to|is|are)\b(?! old)/],
  ["question", QUESTION],
  [
    "nostalgia",
    /\b(?:remember|remeber|memor\w+|nostalgi\w*|old times|good times|years? ago|back when|miss|childhood|used to|old but|never (?:gets? )?old|doesn'?t get old|time fl(?:y|ies)|time past|old (?:and )?good|\d+ years|years later|were the years|classs?ic|last year of)\b/,
  ],
  [
    "fandom",
    /\b(?:i|we) (?:just )?(?:luv|love|lov|adore) (?:you|u|ya|katy|psy|eminem|rihanna|them|him|her|these guys)\b|\blove you\b|\b(?:biggest|big|huge) fan\b|\b(?:idol|my hero|inspir\w+|favou?rite (?:singer|artist|rapper|band)|rap god|legend|queen|king|hero|genius|ginius)\b|te amo|te quiero|je t'aime|ich liebe dich|ti amo|seni seviyorum|люблю тебя|사랑해|أحبك|愛してる|大好き/,
  ],
  [
    "comparison",
    /\b(?:better|nicer|worse|more|funnier) than\b|\bbetter then\b|\bcopied\b|\binstead of\b|\bvs\.?\b/,
  ],
  [
    "praise",
    /\b(?:lo+ve*d?|lov(?:e|es|ed|it|et|in|ing|ed it)|luv|likes?|lik+e+|best|great|good|go+d|goot|nice|co+l|awe?so?m\w*|awsome|amazing\w*|beautiful|perfect|super+b?|epic|fantastic|fun|funny|cute|hot|sick|dope|fire|wonderful|incre\w*|insane|excellent|brilliant|gorgeous|rocks?|unstoppable|catchy|favou?rite|fav|wow|omg|mindblowing|masterpiece|number 1|#1|pretty|sweet|talented|crazy|adict\w*|addict\w*|increidebl|illest)\b|buen[ao]|genial|hermos|encanta|lind[ao]|incr[ií]ve|ótim|belle|magnifique|génial|super|schön|toll|geil|bell[ao]|mooi|güzel|harika|bagus|keren|mantap|świetn|super|крут|класс|лучш|супер|красив|좋아|최고|멋|예쁘|رائع|جميل|すごい|最高|かわいい/,
  ],
  [
    "greeting",
    /^(?:hi+|hello+|hey+|hay|yo|sup|hola|ol[aá]|oi|bonjour|salut|hallo|ciao|merhaba|selam|halo|cześć|good (?:morning|evening|night)|привет|здравств|안녕|مرحبا|السلام|こんにちは)/,
  ],
  [
    "joke",
    /\b(?:lol\w*|lo+l|haha\w*|ha ha|hah\w*|xd|lmao|lmfao|rofl|jaja\w*|kkk+|rsrs|funny|joke|imagine)\b|ㅋㅋ|😂|🤣/,
  ],
];

const TEXTLESS = /^[^\p{L}]*$/u;
/** ":)", "<3", "xD" and their like, taken off to see whether anything else is there. */
const EMOTICON = /(?:[:;=x][-^o*']?[3dpox()*|/]|<3|\bxd\b)/gi;

export function kindOf(message: string, judgement: Judgement): Kind {
  for (const [category, kind] of JUDGED) if (judgement.categories.includes(category)) return kind;
  const plain = plainText(message);
  if (!/\d/.test(plain) && TEXTLESS.test(plain)) return "emoji";
  if (plain.length < 40 && !/[\p{L}\p{N}]/u.test(readableText(message).replace(EMOTICON, " ")))
    return "emoji";
  return PATTERNS.find(([, pattern]) => pattern.test(plain))?.[0] ?? "statement";
}
