import type { NewPrice, Price as ToldPrice } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import { formatUsd, Money } from "./money.ts";
import { keepMs, modelNames, type Price, type PriceBook, readPrice } from "./price-book.ts";

const lockStatement = loadStatement(new URL("./lock-prices.sql", import.meta.url));
const addStatement = loadStatement(new URL("./add-price.sql", import.meta.url));

/**
 * How far ahead a new price of a model that has one must begin: twice as long as a process keeps what it has
 * read, so that none bills by the old price afterwards.
 */
const noticeMs = 2 * keepMs;

/** All prices, or one model's: by model and tier, the latest first. */
export async function listPrices(
  database: Database,
  query: { model?: string | undefined },
  now: Date,
): Promise<ToldPrice[]> {
  const rows = await database.prisma.price.findMany({
    ...(query.model !== undefined && { where: { model: { in: modelNames(query.model) } } }),
    orderBy: [
      { model: "asc" },
      { provider: "asc" },
      { serviceTier: "asc" },
      { regionClass: "asc" },
      { validFrom: "desc" },
    ],
  });
  const inForce = new Map<string, number>();
  for (const { id, provider, model, serviceTier, regionClass, validFrom } of rows) {
    const key = `${provider} ${model} ${serviceTier} ${regionClass}`;
    if (validFrom <= now && !inForce.has(key)) inForce.set(key, id);
  }
  const ids = new Set(inForce.values());
  return rows.map((row) => tellPrice(readPrice(row), ids.has(row.id)));
}

/** What became of the wish to add a price. */
export type PriceAddition =
  | { kind: "added"; price: ToldPrice }
  /** The model and tier has a price from that very time already. */
  | { kind: "exists"; model: string; validFrom: Date }
  /** The model and tier has a price, and other processes could not know the new one in time. */
  | { kind: "too_soon"; model: string; earliest: Date };

/** A row of add-price.sql. */
interface AddedPrice {
  id: number | null;
  model: string;
  validFrom: Date;
  exists: boolean;
}

/**
 * Adds a price. This process knows it at once, others within 30 s: so a model and tier that has a price gets
 * a new one 60 s from now at the earliest. One that has none may begin whenever it likes, at once by default.
 */
export async function addPrice(
  database: Database,
  book: PriceBook,
  price: NewPrice,
  now: Date,
): Promise<PriceAddition> {
  const { model, longContext, ...rest } = price;
  const [name, shorterName] = modelNames(model);
  const earliest = new Date(now.getTime() + noticeMs);
  const item = {
    ...rest,
    name,
    shorterName,
    now,
    earliest,
    audioInputUsd: price.audioInputUsd ?? price.inputUsd,
    audioCachedUsd: price.audioCachedUsd ?? price.cachedUsd,
    ...(longContext && {
      longContextAbove: longContext.above,
      longInputUsd: longContext.inputUsd,
      longOutputUsd: longContext.outputUsd,
      longCachedUsd: longContext.cachedUsd,
    }),
  };
  const [row] = await database.transaction(async (execute) => {
    await execute(lockStatement, []);
    return execute<AddedPrice>(addStatement, [item]);
  });
  if (!row) throw new Error("add-price.sql gave no row.");
  if (row.exists) return { kind: "exists", model: row.model, validFrom: row.validFrom };
  if (row.id === null) return { kind: "too_soon", model: row.model, earliest };
  book.refresh();
  const added = await database.prisma.price.findUniqueOrThrow({ where: { id: row.id } });
  return { kind: "added", price: tellPrice(readPrice(added), row.validFrom <= now) };
}

/** A price as it would stand once it is added; where it is not said, it begins as late as it may. */
export function plannedPrice({ model, longContext: _, ...price }: NewPrice, now: Date): Price {
  return {
    ...price,
    id: 0,
    model: modelNames(model)[1],
    validFrom: price.validFrom ?? new Date(now.getTime() + noticeMs),
    inputUsd: new Money(price.inputUsd),
    outputUsd: new Money(price.outputUsd),
    cachedUsd: new Money(price.cachedUsd),
    audioInputUsd: new Money(price.audioInputUsd ?? price.inputUsd),
    audioCachedUsd: new Money(price.audioCachedUsd ?? price.cachedUsd),
    longContext: null,
  };
}

function tellPrice(price: Price, inForce: boolean): ToldPrice {
  const { longContext } = price;
  return {
    provider: price.provider,
    model: price.model,
    serviceTier: price.serviceTier,
    regionClass: price.regionClass,
    validFrom: price.validFrom.toISOString(),
    inForce,
    inputUsd: formatUsd(price.inputUsd),
    outputUsd: formatUsd(price.outputUsd),
    cachedUsd: formatUsd(price.cachedUsd),
    audioInputUsd: formatUsd(price.audioInputUsd),
    audioCachedUsd: formatUsd(price.audioCachedUsd),
    longContext: longContext && {
      above: longContext.above,
      inputUsd: formatUsd(longContext.inputUsd),
      outputUsd: formatUsd(longContext.outputUsd),
      cachedUsd: formatUsd(longContext.cachedUsd),
    },
    source: price.source,
  };
}
