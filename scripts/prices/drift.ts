import { calcPrice, type ModelPrice, type TieredPrices } from "@pydantic/genai-prices";
import type { Price } from "@understudy/contracts";
import { Decimal } from "decimal.js";

/** One amount of a price that @pydantic/genai-prices has otherwise. */
export interface Drift {
  model: string;
  /** When both apply. */
  at: Date;
  field: string;
  ours: string;
  theirs: string;
  /** Why it is all right; undefined where nobody has said so. */
  known: string | undefined;
}

interface KnownDrift {
  model: string;
  /** Ours as the reason has it: with any other the difference is news. */
  ours: string;
  reason: string;
}

const newerThanTheirs = "newer than genai-prices 0.1.8 of 2026-09-23";

/** Differences that are meant. */
const knownDrifts: readonly KnownDrift[] = [
  {
    model: "gemini-2.0-flash-exp",
    ours: "0",
    reason: "Google's free experimental model, since shut down; genai-prices takes it for gemini-2.0-flash",
  },
  ...["gemini-4-argon", "gemini-4-carbon", "gemini-4-hydrogen", "gemini-4-neon"].map((model) => ({
    model,
    ours: "priced",
    reason: newerThanTheirs,
  })),
  {
    model: "gemini-embedding-2",
    ours: "6.5",
    reason:
      "an embedding has no cache; were a count of cached audio to come, it is paid as audio, not as text",
  },
];

/**
 * Models that Google answers with another one from a day on, at its price: genai-prices goes on listing the old one,
 * so from then on ours is compared with the other's.
 */
const answeredBy = [
  { model: "gemini-2.5-flash", from: new Date("2026-12-01T00:00:00Z"), by: "gemini-3.5-flash-lite" },
  { model: "gemini-2.5-pro", from: new Date("2026-12-01T00:00:00Z"), by: "gemini-3.8-flash" },
];

/**
 * Compares the standard prices, those in force and those to come, with the ones that @pydantic/genai-prices
 * knows: it lists no other tiers. It computes with floats, and so serves to notice drift, never to bill.
 *
 * @param prices as the API lists them
 */
export function findDrift(prices: readonly Price[], now: Date): Drift[] {
  return prices
    .filter(isOfGeminisOwnApi)
    .filter((price) => price.serviceTier === "standard" && (price.inForce || new Date(price.validFrom) > now))
    .flatMap((price) => {
      const at = price.inForce ? now : new Date(price.validFrom);
      return differences(amountsOf(price), theirAmounts(price.model, at)).map(([field, ours, theirs]) => ({
        model: price.model,
        at,
        field,
        ours,
        theirs,
        known: knownDrifts.find((known) => known.model === price.model && known.ours === ours)?.reason,
      }));
    });
}

/** Amounts by field; a field without an amount is left out. */
type Amounts = Map<string, string>;

function amountsOf({ longContext, ...price }: Price): Amounts {
  return amounts({
    inputUsd: price.inputUsd,
    outputUsd: price.outputUsd,
    cachedUsd: price.cachedUsd,
    audioInputUsd: price.audioInputUsd,
    audioCachedUsd: price.audioCachedUsd,
    "longContext.above": longContext?.above,
    "longContext.inputUsd": longContext?.inputUsd,
    "longContext.outputUsd": longContext?.outputUsd,
    "longContext.cachedUsd": longContext?.cachedUsd,
  });
}

/** What they leave out costs as what it is a part of: cached input as input, audio as text. */
function theirAmounts(model: string, at: Date): Amounts | undefined {
  const answering = answeredBy.find((route) => route.model === model && route.from <= at)?.by ?? model;
  const found = calcPrice({ input_tokens: 1 }, answering, { providerId: "google", timestamp: at });
  if (!found) return undefined;
  const price: ModelPrice = found.model_price;
  const input = base(price.input_mtok);
  const cached = base(price.cache_read_mtok) ?? input;
  return amounts({
    inputUsd: input,
    outputUsd: base(price.output_mtok) ?? 0,
    cachedUsd: cached,
    audioInputUsd: base(price.input_audio_mtok) ?? input,
    audioCachedUsd: base(price.cache_audio_read_mtok) ?? cached,
    "longContext.above": tier(price.input_mtok)?.start,
    "longContext.inputUsd": tier(price.input_mtok)?.price,
    "longContext.outputUsd": tier(price.output_mtok)?.price,
    "longContext.cachedUsd": tier(price.cache_read_mtok)?.price,
  });
}

function base(price: number | TieredPrices | undefined): number | undefined {
  return typeof price === "object" ? price.base : price;
}

/** The last, where there were more than one: then its start differs from ours, who have one. */
function tier(price: number | TieredPrices | undefined): { start: number; price: number } | undefined {
  return typeof price === "object" ? price.tiers.at(-1) : undefined;
}

function amounts(given: Record<string, number | string | undefined>): Amounts {
  return new Map(
    Object.entries(given).flatMap(([field, amount]) =>
      amount === undefined ? [] : [[field, new Decimal(amount).toFixed()]],
    ),
  );
}

function differences(
  ours: Amounts,
  theirs: Amounts | undefined,
): [field: string, ours: string, theirs: string][] {
  if (!theirs) return [["model", "priced", "unknown"]];
  const fields = [...new Set([...ours.keys(), ...theirs.keys()])];
  return fields
    .filter((field) => ours.get(field) !== theirs.get(field))
    .map((field) => [field, ours.get(field) ?? "none", theirs.get(field) ?? "none"]);
}

/** Of Gemini's own API: the list that is compared knows no other. */
export function isOfGeminisOwnApi({ provider, regionClass }: Price): boolean {
  return provider === "gemini" && regionClass === "global";
}
