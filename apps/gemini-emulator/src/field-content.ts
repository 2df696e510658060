import { captionFor, hashtagsFor } from "./caption.ts";
import { replyToFan } from "./fan-reply.ts";
import type { FieldWriter, Path, Schema } from "./fill-schema.ts";
import { fraction, hash } from "./hash.ts";
import { type Category, type Judgement, judge, judgeDraft, SEVERITIES } from "./judge.ts";
import { detectLanguage } from "./language.ts";
import { kindOf } from "./message-kind.ts";
import { factsOf } from "./metrics.ts";
import type { Subject } from "./subject.ts";

/** What a moderator's word for a category may be called elsewhere; the first that an enum knows is used. */
const SYNONYMS: Readonly<Record<Category, readonly string[]>> = {
  spam: ["spam", "advertising", "promotion", "self_promotion", "solicitation", "other"],
  scam: ["scam", "fraud", "spam", "solicitation", "other"],
  self_harm: ["self_harm", "suicide", "distress", "crisis", "wellbeing", "other"],
  hate: ["hate", "hate_speech", "discrimination", "harassment", "other"],
  harassment: ["harassment", "insult", "abuse", "bullying", "threat", "toxicity", "hate", "other"],
  sexual: ["sexual", "sexual_content", "explicit", "nsfw", "adult", "harassment", "other"],
  minor: ["minor", "minors", "minor_safety", "child_safety", "underage", "other"],
  off_platform_payment: [
    "off_platform_payment",
    "off_platform",
    "payment",
    "solicitation",
    "scam",
    "spam",
    "other",
  ],
  prompt_injection: ["prompt_injection", "injection", "manipulation", "jailbreak", "spam", "other"],
};

type Write = (context: Context, schema: Schema) => unknown;

interface Context {
  subject: Subject;
  judgement: Judgement;
  seed: string;
  path: Path;
}

const TACTICS = [
  "personal_thanks",
  "exclusivity",
  "social_proof",
  "loyalty_reward",
  "bundle",
  "storytelling",
  "early_access",
  "curiosity",
];

/** By the property's name, lower case without punctuation. null says: nothing to say here. */
const FIELDS: Readonly<Record<string, Write>> = {
  ...same(["response", "reply", "message", "text", "answer", "suggestedreply", "body", "output"], reply),
  ...same(["caption", "post", "title", "headline"], ({ subject, path }) => {
    const caption = captionFor(subject.prompt);
    return path.at(-1) === "title" || path.at(-1) === "headline" ? caption.split(/[.!?]/)[0] : caption;
  }),
  ...same(["hashtags", "tags"], ({ subject }) => hashtagsFor(subject.prompt)),
  ...same(["confidence", "certainty"], ({ seed }) => round(0.62 + fraction(seed, "confidence") * 0.34)),
  ...same(["score", "probability", "relevance", "strength"], ({ seed, path }) =>
    round(0.3 + fraction(seed, path.join()) * 0.65),
  ),
  ...same(["expectedconversionrate", "conversionrate"], ({ seed }) =>
    round(0.03 + fraction(seed, "conversion") * 0.22),
  ),
  ...same(
    ["allowed", "safe", "approved", "compliant", "ok", "passed", "isallowed", "issafe"],
    ({ judgement }) => judgement.allowed,
  ),
  ...same(
    ["blocked", "flagged", "violation", "isspam", "needshuman", "escalate"],
    ({ judgement }) => !judgement.allowed,
  ),
  ...same(["categories", "violations", "flags", "labels"], categories),
  category: (context, schema) => categories(context, { items: schema })[0] ?? "none",
  ...same(["severity", "risk", "risklevel"], severity),
  ...same(["reasons", "issues"], ({ judgement }) => judgement.reasons),
  ...same(
    ["reason", "explanation", "rationale", "reasoning"],
    ({ judgement }) => judgement.reasons.join(" ") || "Nothing in it breaks a rule.",
  ),
  ...same(["suggestedrewrite", "rewrite", "saferewrite", "safeversion"], rewrite),
  insightsused: ({ subject }) => insightIds(subject.prompt),
  ...same(
    ["insights", "findings", "observations", "keyinsights"],
    ({ subject, seed }) => factsOf(subject.prompt, seed).insights,
  ),
  ...same(
    ["recommendations", "actions", "nextsteps", "suggestions"],
    ({ subject, seed }) => factsOf(subject.prompt, seed).recommendations,
  ),
  ...same(["patterns", "trends"], ({ subject, seed }) => factsOf(subject.prompt, seed).patterns),
  ...same(
    ["predictions", "forecast", "forecasts", "outlook"],
    ({ subject, seed }) => factsOf(subject.prompt, seed).predictions,
  ),
  ...same(["tactics", "salestactics"], ({ seed, judgement, subject }) =>
    sells(subject, judgement, seed) ? tactics(seed) : [],
  ),
  ...same(["suggestedprice", "price", "pricepoint"], ({ subject, judgement, seed }, schema) =>
    sells(subject, judgement, seed) ? price(subject.prompt, seed, schema) : null,
  ),
  ...same(["suggestedupsell", "upsell", "offer"], ({ subject, judgement, seed }) =>
    sells(subject, judgement, seed) ? UPSELLS[hash(seed) % UPSELLS.length] : null,
  ),
  ...same(["alternativemessages", "alternatives", "variants", "variations"], (context) =>
    [1, 2].map((variant) => reply({ ...context, path: [String(variant)] })).filter((text) => text !== ""),
  ),
  language: ({ subject }) => detectLanguage(subject.message),
  sentiment: ({ subject, judgement }) => sentiment(subject, judgement),
  ...same(["intent", "kind"], ({ subject, judgement }) => kindOf(subject.message, judgement)),
  shouldreply: ({ judgement }) => judgement.allowed,
};

/** Said to a fan. None presses, and none names a price that the creator might not have. */
const OFFERS = [
  "I made something new that fits what you like. Want me to tell you more?",
  "If you enjoyed that one, there is a longer version. No rush, it stays where it is.",
  "I put a few favourites together in a bundle. Have a look if you feel like it.",
  "The behind-the-scenes set is up, in case you are curious how it was made.",
  "I also do personal shout-outs. Just say if you would ever like one.",
];

const UPSELLS = [
  "Offer early access to the next video.",
  "Mention the behind-the-scenes set.",
  "Suggest a personal shout-out.",
  "Offer the acoustic version as an exclusive.",
  "Point to the fan bundle.",
];

/** Fills a schema with what fits a request: replies, judgements, captions, figures. */
export function createFieldWriter(subject: Subject): FieldWriter {
  const seed = `${subject.instructions.length}\u0000${subject.message}`;
  let judgement: Judgement | undefined;
  const context = (path: Path): Context => {
    judgement ??= subject.answered === undefined ? judge(subject.message) : judgeDraft(subject.message);
    return { subject, judgement, seed, path };
  };
  return {
    seed,
    suggest(path, schema) {
      const name = path.at(-1);
      if (name === undefined || /^\d+$/.test(name)) return undefined;
      const write = FIELDS[name.toLowerCase().replace(/[^a-z]/g, "")];
      return write?.(context(path), schema);
    },
    sentence: (path) => (path.length === 0 ? reply(context(path)) : factSentence(context(path))),
  };
}

function factSentence({ subject, seed, path }: Context): string {
  const facts = factsOf(subject.prompt, seed);
  const all = [...facts.insights, ...facts.recommendations, ...facts.patterns, ...facts.predictions];
  return all[hash(`${path.join(".")}\u0000${seed}`) % all.length] ?? "Nothing to add.";
}

/** A schema may say that there is to be no reply to what is not acceptable; a model would keep to it. */
const EMPTY_IF_REFUSED = /\bempty\b.{0,40}\bnot\b.{0,10}\b(?:acceptable|allowed)\b/i;
/** And that someone in distress is answered all the same. */
const UNLESS_IN_NEED = /\bunless\b.{0,30}\b(?:care|distress|danger|harm)\b/i;
/** Instructions that ask for an offer to a fan, not for an answer. */
const ASKS_FOR_OFFER = /\b(?:when and )?how to offer\b/i;

function reply({ subject, judgement, seed, path }: Context, schema: Schema = {}): string {
  const description = schema.description ?? "";
  const isInNeed = judgement.categories.includes("self_harm") && UNLESS_IN_NEED.test(description);
  if (!judgement.allowed && !isInNeed && EMPTY_IF_REFUSED.test(description)) return "";
  // Messages inside a list are meant to differ from each other.
  const variant = Number(path.findLast((step) => /^\d+$/.test(step)) ?? 0);
  if (ASKS_FOR_OFFER.test(subject.instructions)) {
    return sells(subject, judgement, seed) ? offer(seed, variant) : "";
  }
  return replyToFan(subject.message, { instructions: subject.instructions, variant });
}

function offer(seed: string, variant: number): string {
  return OFFERS[(hash(`offer\u0000${seed}`) + variant) % OFFERS.length] ?? "";
}

function categories({ judgement }: Context, schema: Schema): string[] {
  const items = schema.items as Schema | undefined;
  const known = new Map(
    (Array.isArray(items?.enum) ? items.enum : []).map((value) => [plain(String(value)), String(value)]),
  );
  if (known.size === 0) return judgement.categories;
  const named = judgement.categories.map((category) =>
    SYNONYMS[category].map((name) => known.get(plain(name))).find((name) => name !== undefined),
  );
  return [...new Set(named.filter((name) => name !== undefined))];
}

/** The nearest that the schema's enum has; words without an enum, a share of 1 for numbers. */
function severity({ judgement }: Context, schema: Schema): unknown {
  const rank = SEVERITIES.indexOf(judgement.severity);
  if (schema.type === "number" || schema.type === "integer") return rank / (SEVERITIES.length - 1);
  if (!Array.isArray(schema.enum)) return judgement.severity;
  const names = rank === 0 ? ["none", "safe", "low", "info"] : [...SEVERITIES.slice(1, rank + 1)].reverse();
  const known = schema.enum.map((value) => String(value));
  return (
    names.map((name) => known.find((value) => plain(value) === name)).find((value) => value !== undefined) ??
    known[0]
  );
}

/** Something harmless that can be said instead; null where nothing needs it. */
function rewrite({ subject, judgement }: Context): string | null {
  if (judgement.allowed) return null;
  return replyToFan(subject.answered ?? subject.message, { instructions: subject.instructions, variant: 7 });
}

/** Nobody is sold anything who is in distress, a minor, a spammer or angry; of the others one in three. */
function sells(subject: Subject, judgement: Judgement, seed: string): boolean {
  if (!judgement.allowed) return false;
  const kind = kindOf(subject.message, judgement);
  if (kind === "purchase") return true;
  if (kind === "sad" || kind === "criticism") return false;
  return (
    /pricePoint|price_point|upsell|purchaseHistory|sales/i.test(subject.prompt) ||
    fraction(seed, "sells") < 0.35
  );
}

function tactics(seed: string): string[] {
  const start = hash(seed) % TACTICS.length;
  return [TACTICS[start] ?? "bundle", TACTICS[(start + 3) % TACTICS.length] ?? "curiosity"];
}

/** A price that the prompt names, else one of the usual; a decimal string where the schema wants text. */
function price(prompt: string, seed: string, schema: Schema): number | string {
  const named = [...prompt.matchAll(/(?:price\w*"?\s*[:=]\s*"?|\$\s?)(\d{1,4}(?:\.\d{1,2})?)/gi)].map(
    ([, amount]) => Number(amount),
  );
  const usual = [4.99, 7.99, 9.99, 12.99, 14.99, 19.99];
  const amount = named.find((value) => value > 0) ?? usual[hash(`price\u0000${seed}`) % usual.length] ?? 9.99;
  const types = JSON.stringify([schema.type, schema.anyOf, schema.oneOf]) ?? "";
  return /number|integer/i.test(types) ? amount : amount.toFixed(2);
}

function sentiment(subject: Subject, judgement: Judgement): string {
  const kind = kindOf(subject.message, judgement);
  if (!judgement.allowed || kind === "criticism" || kind === "sad") return "negative";
  return ["praise", "fandom", "thanks", "birthday", "emoji", "joke", "nostalgia"].includes(kind)
    ? "positive"
    : "neutral";
}

function insightIds(prompt: string): string[] {
  const ids = [...prompt.matchAll(/\b(?:ins(?:ight)?_[A-Za-z0-9]{6,64})\b/g)].map(([id]) => id);
  return [...new Set(ids)].slice(0, 3);
}

const round = (value: number) => Number(value.toFixed(2));
const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");

function same(names: readonly string[], write: Write): Record<string, Write> {
  return Object.fromEntries(names.map((name) => [name, write]));
}
