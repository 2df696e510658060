import type { CreatorProfile } from "@understudy/contracts";

/** Scarcity and haste that nobody has said are real. */
const inventedScarcity = [
  /\bonly (?:\d+|one|two|three|four|five|a few|a handful)\b.{0,24}\b(?:left|remain\w*|spots?|copies|available|slots?)\b|\b(?:\d+|few|last) (?:spots?|copies|slots?|pieces?)\b(?:.{0,12}\b(?:left|remain\w*))?|\b(?:almost|nearly) (?:gone|sold out)\b|\bselling (?:out )?fast\b|\bwhile (?:supplies|stocks?) lasts?\b/,
  /\b(?:last|final|only) chance\b|\blimited[- ]time\b|\b(?:ends?|expires?|gone|over|offer) (?:tonight|today|soon|at midnight|tomorrow|in \d+)\b|\b(?:today|tonight) only\b|\bonly (?:for )?(?:today|tonight|now)\b|\bonce in a lifetime\b|\bnever (?:again|come back|be back|be offered)\b|\bwon'?t (?:last|be available|be here)\b/,
  /\b(?:hurry|act (?:now|fast)|buy now|right now or|before it'?s (?:too late|gone)|don'?t miss (?:out|it|this)|now or never|time is running out|clock is ticking|countdown)\b/,
  /última (?:oportunidad|chance)|\b(?:solo quedan|sólo quedan|solo hoy|só hoje|restam apenas|dernière chance|plus que \d+|seulement aujourd'?hui|letzte chance|nur noch \d+|nur heute|ultima occasione|solo oggi|ne restano)\b|последний шанс|только сегодня|осталось только/,
];

/** Guilt, and love for money. */
const pressure = [
  /\bif you (?:really |truly |actually )?(?:loved?|cared?|supported|were a (?:real|true))\b|\bif you (?:really|truly|actually) liked?\b|\bprove (?:it|your (?:love|loyalty)|(?:that )?you(?:'re| are| love| care)?)\b|\bdon'?t you (?:love|care|want me)\b|\b(?:real|true|loyal) fans? (?:would|buys?|pays?|tips?|supports?|don'?t)\b/,
  /\bi(?:'ll| will|'d| would|'m| am) (?:be |feel )?(?:so |very |really )?(?:sad|hurt|heartbroken|disappointed|lonely|crying|upset)\b.{0,40}\b(?:if|unless|without)\b|\byou owe\b|\bdon'?t (?:let me down|disappoint me|make me beg|be cheap)\b|\bafter (?:all|everything) i(?:'ve| have)? (?:did|done|do)\b|\byou(?:'ll| will) regret\b/,
  /\beverybody else (?:has|is|did)\b|\beveryone else (?:has|is|did|already)\b|\bi need (?:you to (?:buy|pay|tip)|the money|this money)\b|\bor (?:else )?i(?:'ll| will) (?:stop|leave|block|ignore)\b|\bonly you can (?:save|help)\b/,
  /\b(?:si (?:de verdad )?me (?:quisieras|amaras)|se (?:você )?me amasse|si tu m'aimais|wenn du mich (?:wirklich )?(?:liebst|lieben würdest)|se mi amassi)\b|если бы ты меня любил/,
];

const dishonestTactics =
  /scarc|urgen|limited|countdown|fomo|guilt|pressure|shame|fear|last[ _-]?chance|hurry|manipul|jealous/i;

/** Whether a message offers without pressing: no scarcity, haste or guilt in its words. */
export function isHonestOffer(message: string): boolean {
  const plain = message
    .replace(/[’‘`´]/g, "'")
    .toLowerCase()
    .replace(/\s+/g, " ");
  return ![...inventedScarcity, ...pressure].some((pattern) => pattern.test(plain));
}

/** The tactics that are no tricks, each once. */
export function honestTactics(tactics: readonly string[]): string[] {
  return [...new Set(tactics.map((tactic) => tactic.trim()))].filter(
    (tactic) => tactic !== "" && !dishonestTactics.test(tactic),
  );
}

/** A creator's own prices, in cents. */
export class PriceList {
  readonly #cents: readonly number[];

  constructor({ prices = {} }: CreatorProfile) {
    this.#cents = Object.values(prices)
      .map((usd) => Math.round(Number(usd) * 100))
      .filter((cents) => cents > 0)
      .sort((one, other) => one - other);
  }

  /** Whether there is none, so that nothing can be said against a price. */
  get isEmpty(): boolean {
    return this.#cents.length === 0;
  }

  /**
   * A price that may be named: within the list as it is, else the nearest of the list.
   * @param usd as the model gave it
   * @returns a decimal string in USD; undefined where it is no price
   */
  nearest(usd: number): string | undefined {
    const cents = Math.round(usd * 100);
    if (!Number.isSafeInteger(cents) || cents <= 0) return undefined;
    const [least = cents, dearest = cents] = [this.#cents[0], this.#cents.at(-1)];
    return (Math.min(dearest, Math.max(least, cents)) / 100).toFixed(2);
  }

  /** Whether a message names no sum of money outside the list. */
  agreesWith(message: string): boolean {
    if (this.isEmpty) return true;
    return sumsIn(message).every((usd) => Number(this.nearest(usd)) === Math.round(usd * 100) / 100);
  }
}

const sum =
  /(?:US\$|[$€£])\s?(\d+(?:,\d+)*(?:\.\d{1,2})?)|(?<!\w|\d,)(\d+(?:,\d+)*(?:\.\d{1,2})?)\s?(?:US\$|[$€£]|usd\b|dollars?\b|bucks\b|euros?\b)/gi;

function sumsIn(message: string): number[] {
  return [...message.matchAll(sum)].map(([, before, after]) =>
    Number((before ?? after ?? "").replaceAll(",", "")),
  );
}
