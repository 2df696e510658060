/**
 * What an entry of the emulator's bill costs: the second calculation, which must share nothing with
 * `packages/ledger` but the page both were written from. It has its own table and its own arithmetic
 * (whole picodollars in BigInt, nothing to round), so that a mistake in one of the two shows as a difference.
 *
 * Source of every rule and vector: design/gemini.md, sections "Cost", "usageMetadata" and "Vectors"; of every price
 * design/models.md, section 2, or where that is silent gemini.md.
 */

/** Gemini's `usageMetadata` as it travels on the wire; every count is in tokens. */
export interface WireUsage {
  promptTokenCount?: number | null | undefined;
  cachedContentTokenCount?: number | null | undefined;
  candidatesTokenCount?: number | null | undefined;
  thoughtsTokenCount?: number | null | undefined;
  toolUsePromptTokenCount?: number | null | undefined;
  totalTokenCount?: number | null | undefined;
  promptTokensDetails?: readonly ModalityCount[] | null | undefined;
  cacheTokensDetails?: readonly ModalityCount[] | null | undefined;
}

export interface ModalityCount {
  modality?: string | null | undefined;
  tokenCount?: number | null | undefined;
}

export interface BillEntry {
  /** As called; a `models/` prefix and a `-001` suffix name the same model. */
  model: string;
  /** As served, whose price counts where there is one: Google has another model answer for some. */
  modelVersion?: string | null | undefined;
  /** The tier that was served (`x-gemini-service-tier`); none means standard. */
  serviceTier?: string | null | undefined;
  /** None for a call that Gemini refused (HTTP 4xx, 5xx): it costs nothing. */
  usageMetadata?: WireUsage | null | undefined;
  /** When the call was made: decides between prices of different dates. */
  at: string | Date;
}

/** Picodollars (1e-12 USD) a token. One USD for a million tokens is a million of them. */
interface Rates {
  input: bigint;
  inputAudio: bigint;
  cached: bigint;
  cachedAudio: bigint;
  output: bigint;
}

/**
 * A price that was added while everything ran, in USD for a million tokens, as decimal strings: in force from
 * its time on in place of what the table says of that model and tier.
 */
export interface MorePrice {
  model: string;
  /** Standard unless given. No multiplier applies: another tier's price is a row of its own. */
  serviceTier?: string;
  from: string | Date;
  inputUsd: string;
  cachedUsd: string;
  outputUsd: string;
  /** As text unless given. */
  audioInputUsd?: string;
  audioCachedUsd?: string;
}

interface PriceRow {
  /** In force before this moment (UTC); none: to this day. */
  until?: string;
  standard: Rates;
  /** For the whole request when its prompt is longer than 200,000 tokens. */
  longContext?: Rates;
  /** Batch and flex halve the cached rate as well. */
  halvesCached?: boolean;
}

const LONG_CONTEXT_FROM = 200_001;

function rates(text: [input: bigint, cached: bigint, output: bigint], audio?: [bigint, bigint]): Rates {
  const [input, cached, output] = text;
  const [inputAudio, cachedAudio] = audio ?? [input, cached];
  return { input, inputAudio, cached, cachedAudio, output };
}

const PROMO_ENDS = "2027-01-01T00:00:00Z";
const DECEMBER = "2026-12-01T00:00:00Z";

/** 3.6, 3.7 and 3.8: half of their price until the end of 2026. */
const FLASH_PROMO = rates([750_000n, 75_000n, 3_750_000n]);
const FLASH = rates([1_500_000n, 150_000n, 7_500_000n]);
const FLASH_LITE = rates([300_000n, 30_000n, 2_500_000n]);

/** Argon and carbon double in December. */
const ARGON: readonly PriceRow[] = [
  { until: DECEMBER, standard: rates([2_000_000n, 100_000n, 10_000_000n]) },
  { standard: rates([4_000_000n, 200_000n, 20_000_000n]) },
];

/** The table of models.md; rows of one model in order of time. */
const PRICES: Readonly<Record<string, readonly PriceRow[]>> = {
  "gemini-4-neon": [{ standard: rates([3_000_000n, 150_000n, 15_000_000n]) }],
  "gemini-4-hydrogen": [{ standard: rates([1_500_000n, 75_000n, 7_500_000n]) }],
  "gemini-4-carbon": ARGON,
  "gemini-4-argon": ARGON,
  "gemini-3.8-flash": [
    { until: PROMO_ENDS, standard: FLASH_PROMO, halvesCached: true },
    { standard: FLASH, halvesCached: true },
  ],
  "gemini-3.7-flash": [
    { until: PROMO_ENDS, standard: FLASH_PROMO, halvesCached: true },
    { standard: FLASH, halvesCached: true },
  ],
  "gemini-3.6-flash": [{ until: PROMO_ENDS, standard: FLASH_PROMO }, { standard: FLASH }],
  "gemini-3.5-flash": [{ standard: rates([1_500_000n, 150_000n, 9_000_000n]), halvesCached: true }],
  "gemini-3.5-flash-lite": [{ standard: FLASH_LITE }],
  "gemini-3.1-flash-lite": [
    { standard: rates([250_000n, 25_000n, 1_500_000n], [500_000n, 50_000n]), halvesCached: true },
  ],
  "gemini-3.1-pro-preview": [
    {
      standard: rates([2_000_000n, 200_000n, 12_000_000n]),
      longContext: rates([4_000_000n, 400_000n, 18_000_000n]),
      halvesCached: true,
    },
  ],
  "gemini-3-flash-preview": [
    { standard: rates([500_000n, 50_000n, 3_000_000n], [1_000_000n, 100_000n]), halvesCached: true },
  ],
  // From December on 3.8-flash answers in its place, and is paid.
  "gemini-2.5-pro": [
    {
      until: DECEMBER,
      standard: rates([1_250_000n, 125_000n, 10_000_000n]),
      longContext: rates([2_500_000n, 250_000n, 15_000_000n]),
    },
    { until: PROMO_ENDS, standard: FLASH_PROMO, halvesCached: true },
    { standard: FLASH, halvesCached: true },
  ],
  // From December on 3.5-flash-lite.
  "gemini-2.5-flash": [
    { until: DECEMBER, standard: rates([300_000n, 30_000n, 2_500_000n], [1_000_000n, 100_000n]) },
    { standard: FLASH_LITE },
  ],
  "gemini-2.5-flash-lite": [{ standard: rates([100_000n, 10_000n, 400_000n], [300_000n, 30_000n]) }],
  "gemini-2.0-flash-exp": [{ standard: rates([0n, 0n, 0n]) }],
  // An embedding has neither output nor cache; were a count to come, cached input is input.
  "gemini-embedding-2": [{ standard: rates([200_000n, 200_000n, 0n], [6_500_000n, 6_500_000n]) }],
  "gemini-embedding-001": [{ standard: rates([150_000n, 150_000n, 0n]), halvesCached: true }],
};

/**
 * What one call costs in USD, exactly: a decimal string without exponent and without trailing zeros.
 * @param more prices that the table does not know
 * @throws an unknown model, an unknown tier, a count that is no whole number: never priced as free
 */
export function priceBillEntry(entry: BillEntry, more: readonly MorePrice[] = []): string {
  if (!entry.usageMetadata) return "0";
  const usage = entry.usageMetadata;
  const model = tableName(entry.modelVersion ?? "") ?? modelOf(entry.model);
  const prompt = tokens(usage.promptTokenCount);
  const row = rowInForce(model, entry.at);
  const listed = prompt >= LONG_CONTEXT_FROM && row.longContext ? row.longContext : row.standard;
  const rate = addedRates(model, entry, more) ?? ratesOfTier(listed, entry.serviceTier, row.halvesCached);
  return usdFromPicodollars(picodollars(usage, rate));
}

/** Of the latest added price in force for the model and tier, unless the table has a later one. */
function addedRates(model: string, entry: BillEntry, more: readonly MorePrice[]): Rates | undefined {
  const tier = (entry.serviceTier ?? "standard").toLowerCase();
  const at = +new Date(entry.at);
  const lastChange = PRICES[model]?.findLast(
    ({ until }) => until !== undefined && Date.parse(until) <= at,
  )?.until;
  const begun = more.filter(
    (price) =>
      modelOf(price.model) === model &&
      (price.serviceTier ?? "standard") === tier &&
      +new Date(price.from) <= at &&
      +new Date(price.from) >= +new Date(lastChange ?? 0),
  );
  const [latest] = begun.toSorted((a, b) => +new Date(b.from) - +new Date(a.from));
  if (!latest) return undefined;
  const { inputUsd, cachedUsd, outputUsd, audioInputUsd = inputUsd, audioCachedUsd = cachedUsd } = latest;
  return {
    input: picodollarsOf(inputUsd),
    cached: picodollarsOf(cachedUsd),
    output: picodollarsOf(outputUsd),
    inputAudio: picodollarsOf(audioInputUsd),
    cachedAudio: picodollarsOf(audioCachedUsd),
  };
}

/** @throws more than six decimals: a token would cost a part of a picodollar */
function picodollarsOf(usd: string): bigint {
  const [, whole = "", decimals = ""] = /^(\d+)(?:\.(\d{1,6}))?$/.exec(usd) ?? [];
  if (whole === "") throw new Error(`${usd} is no price of a million tokens`);
  return BigInt(whole + decimals.padEnd(6, "0"));
}

/** The formula of gemini.md, "Cost"; its letters stand beside the names. */
function picodollars(usage: WireUsage, rate: Rates): bigint {
  const prompt = tokens(usage.promptTokenCount); // P
  const toolUse = tokens(usage.toolUsePromptTokenCount); // X
  const cached = Math.min(tokens(usage.cachedContentTokenCount), prompt); // C: a part of P
  const audio = Math.min(audioIn(usage.promptTokensDetails), prompt); // A: a part of P
  const cachedAudio = cachedAudioOf(usage, { prompt, cached, audio }); // CA: a part of C and of A
  const cachedText = cached - cachedAudio;

  return (
    BigInt(prompt - audio - cachedText) * rate.input +
    BigInt(audio - cachedAudio) * rate.inputAudio +
    BigInt(cachedText) * rate.cached +
    BigInt(cachedAudio) * rate.cachedAudio +
    BigInt(toolUse) * rate.input +
    BigInt(billedOutput(usage)) * rate.output
  );
}

/** O + R, or O alone on the variant of the wire whose `candidatesTokenCount` already contains R. */
function billedOutput(usage: WireUsage): number {
  const output = tokens(usage.candidatesTokenCount); // O
  const thoughts = tokens(usage.thoughtsTokenCount); // R
  const withoutThoughts = tokens(usage.promptTokenCount) + tokens(usage.toolUsePromptTokenCount) + output;
  const thoughtsInside = thoughts > 0 && usage.totalTokenCount === withoutThoughts;
  return thoughtsInside ? output : output + thoughts;
}

/**
 * How much of the cached part is audio. What the details do not tell counts as text while there is text
 * in the prompt: cached audio saves more, so this is the upper bound.
 */
function cachedAudioOf(usage: WireUsage, counts: { prompt: number; cached: number; audio: number }): number {
  const { prompt, cached, audio } = counts;
  if (usage.cacheTokensDetails && usage.cacheTokensDetails.length > 0) {
    return Math.min(audioIn(usage.cacheTokensDetails), cached, audio);
  }
  return Math.max(0, cached - (prompt - audio));
}

function audioIn(details: readonly ModalityCount[] | null | undefined): number {
  let sum = 0;
  for (const { modality, tokenCount } of details ?? []) if (modality === "AUDIO") sum += tokens(tokenCount);
  return sum;
}

function tokens(count: number | null | undefined): number {
  if (count === null || count === undefined) return 0;
  if (!Number.isSafeInteger(count) || count < 0) throw new Error(`${count} is no count of tokens`);
  return count;
}

function modelOf(name: string): string {
  const model = tableName(name);
  if (model === undefined) throw new Error(`no price is known for the model ${name}`);
  return model;
}

/** The name in the table. `gemini-embedding-001` is a name of its own, so the suffix goes second. */
function tableName(name: string): string | undefined {
  const bare = name.replace(/^models\//, "");
  return [bare, bare.replace(/-001$/, ""), `${bare}-001`].find((known) => Object.hasOwn(PRICES, known));
}

function rowInForce(model: string, at: string | Date): PriceRow {
  const time = new Date(at).getTime();
  if (Number.isNaN(time)) throw new Error(`${String(at)} is no time`);
  const row = PRICES[model]?.find(({ until }) => until === undefined || time < Date.parse(until));
  if (!row) throw new Error(`no price of ${model} is known for ${String(at)}`);
  return row;
}

/** Batch and flex: half of input and output, and of the cached rate where that is so. Priority: 1.8 times all. */
function ratesOfTier(listed: Rates, tier: string | null | undefined, halvesCached = false): Rates {
  switch ((tier ?? "standard").toLowerCase()) {
    case "standard":
      return listed;
    case "batch":
    case "flex": {
      return {
        input: times(listed.input, 1n, 2n),
        inputAudio: times(listed.inputAudio, 1n, 2n),
        cached: halvesCached ? times(listed.cached, 1n, 2n) : listed.cached,
        cachedAudio: halvesCached ? times(listed.cachedAudio, 1n, 2n) : listed.cachedAudio,
        output: times(listed.output, 1n, 2n),
      };
    }
    case "priority":
      return {
        input: times(listed.input, 9n, 5n),
        inputAudio: times(listed.inputAudio, 9n, 5n),
        cached: times(listed.cached, 9n, 5n),
        cachedAudio: times(listed.cachedAudio, 9n, 5n),
        output: times(listed.output, 9n, 5n),
      };
    default:
      throw new Error(`no price is known for the service tier ${tier}`);
  }
}

/** @throws when the fraction of a rate is no whole number of picodollars: BigInt would round it silently */
function times(rate: bigint, numerator: bigint, denominator: bigint): bigint {
  if ((rate * numerator) % denominator !== 0n) {
    throw new Error(`${rate} × ${numerator}/${denominator} is no whole number of picodollars`);
  }
  return (rate * numerator) / denominator;
}

function usdFromPicodollars(amount: bigint): string {
  const digits = amount.toString().padStart(13, "0");
  const fraction = digits.slice(-12).replace(/0+$/, "");
  const whole = digits.slice(0, -12);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}
