import type { ServiceTier } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import type { Decimal } from "decimal.js";
import { Money } from "./money.ts";

/** One row of `Price`: USD for a million tokens. */
export interface Price {
  id: number;
  /** Normalized: the name that the row has. */
  model: string;
  serviceTier: ServiceTier;
  validFrom: Date;
  inputUsd: Decimal;
  outputUsd: Decimal;
  cachedUsd: Decimal;
  audioInputUsd: Decimal;
  audioCachedUsd: Decimal;
  /** Prompts of more tokens than `above` reprice the whole call. */
  longContext: { above: number; inputUsd: Decimal; outputUsd: Decimal; cachedUsd: Decimal } | null;
  source: string;
}

/** How long prices are kept before they are read anew: a row added elsewhere counts after that. */
export const keepMs = 30_000;

/** The prices of `Price`, kept in memory. */
export class PriceBook {
  readonly #database: Database;
  #rows: Promise<Price[]> | undefined;
  #readAt = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * The price of a call that begins at `at`.
   * `models/` before a name and `-001` behind it name the same model.
   * @returns undefined where the model, or that tier of it, has no price at that time
   */
  async priceOf(model: string, serviceTier: ServiceTier, at: Date): Promise<Price | undefined> {
    return latestFirst(await this.#prices(), model, serviceTier).find((price) => price.validFrom <= at);
  }

  /** Names of all models that have a price, in order. */
  async models(): Promise<string[]> {
    return [...new Set((await this.#prices()).map((price) => price.model))].sort();
  }

  /** All prices of a model, in any tier and of any time. */
  async pricesOf(model: string): Promise<Price[]> {
    const names = new Set(modelNames(model));
    return (await this.#prices()).filter((price) => names.has(price.model));
  }

  /** Reads prices anew when next asked: one was added here. */
  refresh(): void {
    this.#rows = undefined;
  }

  #prices(): Promise<Price[]> {
    if (this.#rows === undefined || Date.now() - this.#readAt > keepMs) {
      this.#readAt = Date.now();
      const read = this.#read();
      this.#rows = read;
      read.catch(() => {
        if (this.#rows === read) this.#rows = undefined;
      });
    }
    return this.#rows;
  }

  async #read(): Promise<Price[]> {
    return (await this.#database.prisma.price.findMany()).map(readPrice);
  }
}

/** Of what was read once, by model and tier as they were asked for: few of them, asked for at each call. */
const asked = new WeakMap<readonly Price[], Map<string, Price[]>>();

function latestFirst(prices: readonly Price[], model: string, serviceTier: ServiceTier): Price[] {
  const known = asked.get(prices) ?? new Map<string, Price[]>();
  asked.set(prices, known);
  const key = `${serviceTier} ${model}`;
  let found = known.get(key);
  if (!found) {
    const names = new Set(modelNames(model));
    found = prices
      .filter((price) => names.has(price.model) && price.serviceTier === serviceTier)
      .sort((one, other) => other.validFrom.getTime() - one.validFrom.getTime());
    // Models that have no price may be asked for under any name.
    if (found.length > 0) known.set(key, found);
  }
  return found;
}

type PriceRow = Awaited<ReturnType<Database["prisma"]["price"]["findMany"]>>[number];

/** A row of `Price` with its amounts as ours. */
export function readPrice(row: PriceRow): Price {
  return {
    ...row,
    inputUsd: new Money(row.inputUsd.toFixed()),
    outputUsd: new Money(row.outputUsd.toFixed()),
    cachedUsd: new Money(row.cachedUsd.toFixed()),
    audioInputUsd: new Money(row.audioInputUsd.toFixed()),
    audioCachedUsd: new Money(row.audioCachedUsd.toFixed()),
    longContext:
      row.longContextAbove === null
        ? null
        : {
            above: row.longContextAbove,
            inputUsd: new Money(row.longInputUsd?.toFixed() ?? 0),
            outputUsd: new Money(row.longOutputUsd?.toFixed() ?? 0),
            cachedUsd: new Money(row.longCachedUsd?.toFixed() ?? 0),
          },
  };
}

/**
 * The names under which a model's price may stand: as it is first, then without `-001`.
 * (gemini-embedding-001 is itself such a name.)
 */
export function modelNames(model: string): [name: string, shorter: string] {
  const name = model.replace(/^models\//, "");
  return [name, name.replace(/-001$/, "")];
}
