import type { ServiceTier } from "@understudy/contracts";
import { type Database, type Execute, KeptRead, loadStatement } from "@understudy/database";
import type { Decimal } from "decimal.js";
import { Money } from "./money.ts";

const readStatement = loadStatement(new URL("./prices.sql", import.meta.url));

/** One row of `Price`: USD for a million tokens. */
export interface Price {
  id: number;
  provider: string;
  /** Normalized: the name that the row has. */
  model: string;
  serviceTier: ServiceTier;
  /** The provider's endpoints that it is for. */
  regionClass: "global" | "regional";
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

/** A price that begins so soon may be in force when a call is written down: in milliseconds. */
const soonMs = 60_000;

/** How long prices are kept before they are read anew: a row added elsewhere counts after that. */
export const keepMs = 30_000;

/** Of what is called: Gemini's own API has one endpoint for all. */
const isCalled = ({ provider, regionClass }: Pick<Price, "provider" | "regionClass">) =>
  provider === "gemini" && regionClass === "global";

/** What calls may be priced at. */
export type CallPrices = Pick<PriceBook, "pricesNow">;

/** The prices of `Price`, kept in memory. */
export class PriceBook {
  readonly #database: Database;
  readonly #kept = new KeptRead(() => this.#read(), keepMs);

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * The price of a call that begins at `at`.
   * `models/` before a name and `-001` behind it name the same model.
   * @returns undefined where the model, or that tier of it, has no price at that time
   */
  async priceOf(model: string, serviceTier: ServiceTier, at: Date): Promise<Price | undefined> {
    return latestFirst(await this.#kept.get(), model, serviceTier).find((price) => price.validFrom <= at);
  }

  /**
   * Those that a call which is about to be written down may be priced at, its own tier's: the one in force by the
   * database's clock, and one that begins within a minute.
   */
  async pricesNow(model: string, serviceTier: ServiceTier): Promise<Price[]> {
    return this.#kept.find(
      () => this.#pricesNow(model, serviceTier),
      (found) => found.length > 0,
    );
  }

  async #pricesNow(model: string, serviceTier: ServiceTier): Promise<Price[]> {
    const prices = latestFirst(await this.#kept.get(), model, serviceTier);
    const now = this.#database.clock.now().getTime();
    const inForce = prices.find(({ validFrom }) => validFrom.getTime() <= now);
    const soon = prices.filter(({ validFrom: at }) => at.getTime() > now && at.getTime() <= now + soonMs);
    return [...(inForce ? [inForce] : []), ...soon];
  }

  /**
   * What calls may be priced at from a time on: at that time, and at each later one at which a price begins.
   * @param added a price beside those that there are; another provider's or a region's changes nothing
   */
  async pricesFrom(from: Date, added?: Price): Promise<CallPrices[]> {
    const prices = [...(await this.#kept.get()), ...(added && isCalled(added) ? [added] : [])];
    const later = prices.map(({ validFrom }) => validFrom).filter((begins) => begins > from);
    const times = new Set([from, ...later].map((time) => time.getTime()));
    return [...times].map((time) => ({
      pricesNow: async (model, serviceTier) =>
        latestFirst(prices, model, serviceTier)
          .filter(({ validFrom }) => validFrom.getTime() <= time)
          .slice(0, 1),
    }));
  }

  /** Names of all models that have a price, in order. */
  async models(): Promise<string[]> {
    return [...new Set((await this.#kept.get()).map((price) => price.model))].sort();
  }

  /** All prices of a model, in any tier and of any time. */
  async pricesOf(model: string): Promise<Price[]> {
    const names = new Set(modelNames(model));
    return (await this.#kept.get()).filter((price) => names.has(price.model));
  }

  /** Reads prices anew when next asked: one was added here. */
  refresh(): void {
    this.#kept.refresh();
  }

  async #read(): Promise<Price[]> {
    const prices = await readPrices(this.#database.execute);
    return prices.filter(isCalled);
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

type AmountName = Extract<keyof PriceRow, `${string}Usd`>;

/** As Prisma or a statement gives it. */
type Amount = { toFixed(): string } | string;

/** A row of `Price` with amounts as they were read. */
type PriceAsRead<As extends Amount = Amount> = Omit<PriceRow, AmountName | "createdAt"> & {
  [Name in AmountName]: As | Extract<PriceRow[Name], null>;
};

/** All prices that there are, in no particular order. */
export async function readPrices(execute: Execute): Promise<Price[]> {
  return (await execute<PriceAsRead<string>>(readStatement)).map(readPrice);
}

/** A row of `Price` with its amounts as ours. */
export function readPrice(row: PriceAsRead): Price {
  return {
    ...row,
    regionClass: row.regionClass === "regional" ? "regional" : "global",
    inputUsd: amountOf(row.inputUsd),
    outputUsd: amountOf(row.outputUsd),
    cachedUsd: amountOf(row.cachedUsd),
    audioInputUsd: amountOf(row.audioInputUsd),
    audioCachedUsd: amountOf(row.audioCachedUsd),
    longContext:
      row.longContextAbove === null
        ? null
        : {
            above: row.longContextAbove,
            inputUsd: amountOf(row.longInputUsd ?? "0"),
            outputUsd: amountOf(row.longOutputUsd ?? "0"),
            cachedUsd: amountOf(row.longCachedUsd ?? "0"),
          },
  };
}

function amountOf(amount: Amount): Decimal {
  return new Money(typeof amount === "string" ? amount : amount.toFixed());
}

/**
 * The names of a model that has answered, the surest first: as it is, then without `-001`, without what dates it, and
 * without `-preview` before that, as in `gemini-2.5-flash-preview-09-2025`.
 */
export function servedNames(modelVersion: string): string[] {
  const [name, shorter] = modelNames(modelVersion);
  const undated = shorter.replace(/-(?:\d{2}-\d{4}|\d{4}-\d{2}-\d{2}|\d{2}-\d{2})$/, "");
  const isDated = undated !== shorter;
  return [...new Set([name, shorter, undated, ...(isDated ? [undated.replace(/-preview$/, "")] : [])])];
}

/** Nothing that is called costs nothing: such a price stands for what is retired, or is a mistake. */
export function isFree({ inputUsd, outputUsd }: Price): boolean {
  return inputUsd.isZero() || outputUsd.isZero();
}

/**
 * The names under which a model's price may stand: as it is first, then without `-001`.
 * (gemini-embedding-001 is itself such a name.)
 */
export function modelNames(model: string): [name: string, shorter: string] {
  const name = model.replace(/^models\//, "");
  return [name, name.replace(/-001$/, "")];
}
