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

/** Differences that are meant. */
const knownDrifts = [
  {
    model: "gemini-2.0-flash-exp",
    ours: "0",
    reason: "Google's free experimental model, since shut down; genai-prices takes it for gemini-2.0-flash",
  },
];

/**
 * Compares the standard prices, those in force and those to come, with the ones that @pydantic/genai-prices
 * knows: it lists no other tiers. It computes with floats, and so serves to notice drift, never to bill.
 *
 * @param prices as the API lists them
 */
export function findDrift(prices: readonly Price[], now: Date): Drift[] {
  return prices
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
  const found = calcPrice({ input_tokens: 1 }, model, { providerId: "google", timestamp: at });
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
