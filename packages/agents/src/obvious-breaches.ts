import validator from "validator";
import { mayHarmThemselves } from "./fan-signals.ts";
import { contained } from "./fan-text.ts";
import type { Finding } from "./verdict.ts";

/** Who would read the text: a message comes in from a fan, a draft goes out to one. */
export type Direction = "incoming" | "outgoing";

/** Its middle: what stands around that makes no difference. */
const email = /[\w.+-]@[a-z0-9-]+\.[a-z0-9-]/i;
/** With its country, or said to be one: bare digits are views and dates as well. */
const phone =
  /\+\d(?:[\s().-]?\d){7,14}(?!\d)|\b(?:phone|number|cell|mobile|call|text|whats ?app|signal|viber)\b\D{0,20}\d(?:[\s().-]?\d){7,14}(?!\d)/i;
/** Numbers that cost nothing to call, help lines among them, are nobody's private data. */
const tollFree =
  /(?:\+?1[\s.-]?)?\(?\b8(?:00|33|44|55|66|77|88)\)?(?:[\s.-]?\d){7}\b|(?:\+\d{2}[\s.-]?)?\b0?800(?:[\s.-]?\d){4,8}\b/g;
const streetAddress =
  /\b\d{1,5}[a-z]? (?:[A-Z]\p{L}+\.? ){1,3}(?:street|avenue|road|lane|drive|boulevard|blvd|st|ave|rd)\b/iu;
const paymentHandle =
  /\b(?:paypal\.me|venmo\.com|cash\.app|revolut\.me|ko-fi\.com|buymeacoffee\.com)\/|\b(?:cash ?app|venmo|zelle|paypal|revolut|western union|wise)\b\W{0,4}(?:me\b|is\b|tag\b|handle\b|id\b|at\b|to\b|[@$]\w+)|\b(?:via|through|on|by|over|use|my|your|with|to) (?:cash ?app|venmo|zelle|paypal|revolut|western union|bitcoin|btc|usdt|crypto)\b|(?<![\w$])\$[a-z]\w{3,19}\b/i;
const orders =
  /\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|all|your)\b.{0,30}\b(?:instructions?|prompts?|rules|guidelines|directions)\b|\b(?:reveal|print|repeat|show|output|leak)\b.{0,30}\b(?:system prompt|(?:your|the) (?:system |hidden |initial )?(?:prompt|instructions))\b|\b(?:developer|jailbreak|dan) mode\b/is;
const roleMarkup =
  /<\|?(?:im_start|im_end|system|endoftext|start_of_turn)\b|\[\/?(?:inst|system)\]|<<\s*sys\s*>>|<\s*\/\s*[a-z]+_[a-z_]+\s*>/i;
/** Tags, and long runs of what can't be seen: nobody types these. */
const hiddenText =
  /[\u{e0001}-\u{e007f}]|[\u{e0100}-\u{e01ef}]{2,}|[\u200b-\u200f\u2060-\u2064\ufeff]{4,}|[\u202d\u202e]/u;

/** What code sees without a model: it misses much, but what it finds no wording talks away. */
export function obviousBreaches(text: string, direction: Direction): Finding[] {
  const plain = contained(text).normalize("NFKC");
  const findings: Finding[] = [];
  const add = (category: string, severity: Finding["severity"], reason: string) =>
    findings.push({ category, severity, reason });

  // What is told by digits needs a look at none of the others.
  const hasDigits = /\d/.test(plain);
  if (hasDigits && hasPaymentNumber(plain))
    add("doxxing", "high", "Contains the number of a card or bank account.");
  const isPrivate =
    (plain.includes("@") && email.test(plain)) ||
    (hasDigits && (phone.test(plain.replace(tollFree, "")) || streetAddress.test(plain)));
  if (isPrivate) add("doxxing", "medium", "Contains private contact data.");
  if (paymentHandle.test(plain) || hasWallet(plain))
    add("off_platform_payment", "high", "Points to a payment outside the platform.");
  if (direction === "incoming") {
    if (hiddenText.test(text) || roleMarkup.test(text.normalize("NFKC")) || orders.test(plain))
      add("prompt_injection", "high", "Tries to give instructions to the assistant.");
    if (mayHarmThemselves(plain))
      add("self_harm", "critical", "The fan may be in danger and needs care, not an offer.");
  }
  return findings;
}

function hasPaymentNumber(text: string): boolean {
  const numbers = text.match(/(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)/g) ?? [];
  const accounts = text.match(/\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b/gi) ?? [];
  return (
    numbers.some((number) => validator.isCreditCard(number.replace(/[ -]/g, ""))) ||
    accounts.some((account) => isAccount(account.replaceAll(" ", "")))
  );
}

/** Words may follow an IBAN without a break, so each beginning is tried. */
function isAccount(text: string): boolean {
  for (let length = 15; length <= text.length; length++) {
    if (validator.isIBAN(text.slice(0, length))) return true;
  }
  return false;
}

function hasWallet(text: string): boolean {
  const words = text.match(/\b[a-z0-9]{26,64}\b/gi) ?? [];
  return words.some((word) => validator.isBtcAddress(word) || validator.isEthereumAddress(word));
}
