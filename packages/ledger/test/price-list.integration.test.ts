import { beforeAll, describe, expect, it } from "@jest/globals";
import { newPrice } from "@understudy/contracts";
import { loadStatement } from "@understudy/database";
import { eventually } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { PriceBook } from "../src/price-book.ts";
import { addPrice, listPrices } from "../src/price-list.ts";
import { waitingForLocks } from "./running-jobs.ts";

const lockStatement = loadStatement(new URL("../src/lock-prices.sql", import.meta.url));

const { database } = await openSuiteDatabase();
let book: PriceBook;

beforeAll(async () => {
  book = new PriceBook(database);
});

const now = new Date("2026-11-22T12:00:00.000Z");
const flash = {
  model: "gemini-2.5-flash",
  inputUsd: "0.4",
  outputUsd: "3",
  cachedUsd: "0.04",
  source: "a test",
};
const add = (price: object) => addPrice(database, book, newPrice.parse({ ...flash, ...price }), now);

describe("the list of prices", () => {
  it("says which of them are in force", async () => {
    const rows = await listPrices(database, { model: "models/gemini-3.8-flash" }, now);
    expect(rows.filter((row) => row.serviceTier === "standard")).toMatchObject([
      { validFrom: "2027-01-01T00:00:00.000Z", inForce: false, inputUsd: "1.5" },
      { validFrom: "2025-01-01T00:00:00.000Z", inForce: true, inputUsd: "0.75", longContext: null },
    ]);
    const all = await listPrices(database, {}, now);
    const names = all.filter((row) => row.inForce).map((row) => `${row.model} ${row.serviceTier}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual([...new Set(all.map((row) => `${row.model} ${row.serviceTier}`))]);
  });

  it("finds a model by its own -001 as well", async () => {
    for (const model of ["gemini-embedding-001", "gemini-2.5-pro-001"]) {
      expect((await listPrices(database, { model }, now)).length).toBeGreaterThan(0);
    }
    expect(await listPrices(database, { model: "gpt-9" }, now)).toEqual([]);
  });
});

describe("adding a price", () => {
  it("of another provider, or of a region, stands beside ours, and bills nothing of ours", async () => {
    const regional = { ...flash, inputUsd: "0.44", regionClass: "regional" };
    const vertex = { ...flash, inputUsd: "0.5", provider: "vertex" };
    for (const price of [regional, vertex])
      expect(await add({ ...price, validFrom: "2020-01-01T00:00:00Z" })).toMatchObject({
        kind: "added",
        price: { inForce: true },
      });
    expect(await add({ ...vertex, validFrom: "2020-01-01T00:00:00Z" })).toMatchObject({ kind: "exists" });
    const rows = await listPrices(database, { model: flash.model }, now);
    const inForce = rows.filter((row) => row.inForce && row.serviceTier === "standard");
    expect(inForce.map(({ provider, regionClass, inputUsd }) => [provider, regionClass, inputUsd])).toEqual([
      ["gemini", "global", "0.3"],
      ["gemini", "regional", "0.44"],
      ["vertex", "global", "0.5"],
    ]);
    expect((await book.priceOf(flash.model, "standard", now))?.inputUsd.toFixed()).toBe("0.3");
  });

  it("to a model that has one: a minute ahead unless told otherwise, never sooner", async () => {
    expect(await add({ validFrom: "2026-11-22T12:00:59.999Z" })).toMatchObject({ kind: "too_soon" });
    expect(await add({ validFrom: "2024-01-01T00:00:00Z" })).toMatchObject({
      kind: "too_soon",
      earliest: new Date("2026-11-22T12:01:00.000Z"),
    });
    expect(await add({ model: "models/gemini-2.5-flash-001" })).toEqual({
      kind: "added",
      price: {
        ...flash,
        ...{ provider: "gemini", regionClass: "global" },
        serviceTier: "standard",
        validFrom: "2026-11-22T12:01:00.000Z",
        inForce: false,
        audioInputUsd: "0.4",
        audioCachedUsd: "0.04",
        longContext: null,
      },
    });
    const at = (time: string) => book.priceOf("gemini-2.5-flash", "standard", new Date(time));
    expect((await at("2026-11-22T12:00:59.999Z"))?.inputUsd.toFixed()).toBe("0.3");
    expect((await at("2026-11-22T12:01:00Z"))?.inputUsd.toFixed()).toBe("0.4");
  });

  it("that there is from that very time: refused, whatever it says", async () => {
    const validFrom = "2026-12-24T00:00:00Z";
    expect(await add({ serviceTier: "flex", validFrom })).toMatchObject({ kind: "added" });
    for (const inputUsd of ["0.4", "0.5"]) {
      expect(await add({ serviceTier: "flex", validFrom, inputUsd })).toMatchObject({ kind: "exists" });
    }
    // From that time on other tiers and models may have theirs.
    expect(await add({ validFrom })).toMatchObject({ kind: "added" });
    expect(await add({ model: "gemini-2.5-pro", validFrom })).toMatchObject({ kind: "added" });
    // One of the past as well: it exists, rather than being too late.
    expect(await add({ validFrom: "2025-01-01T00:00:00Z" })).toMatchObject({ kind: "exists" });
  });

  it("to a model without one: at once, and this process knows it at once", async () => {
    expect(await book.priceOf("gemini-9-flash", "standard", now)).toBeUndefined();
    const longContext = { above: 200_000, inputUsd: "1", outputUsd: "2", cachedUsd: "0.1" };
    expect(
      await add({ model: "models/gemini-9-flash-001", longContext, audioInputUsd: "1.20" }),
    ).toMatchObject({
      kind: "added",
      price: {
        model: "gemini-9-flash",
        inForce: true,
        longContext,
        audioInputUsd: "1.2",
        validFrom: now.toISOString(),
      },
    });
    expect((await book.priceOf("gemini-9-flash", "standard", now))?.longContext?.above).toBe(200_000);
    // A tier without a price, in the past.
    const validFrom = "2025-06-01T00:00:00Z";
    expect(await add({ model: "gemini-9-flash", serviceTier: "flex", validFrom })).toMatchObject({
      kind: "added",
    });
    expect(
      await add({ model: "gemini-9-flash", serviceTier: "flex", validFrom: "2025-05-01T00:00:00Z" }),
    ).toMatchObject({
      kind: "too_soon",
    });
  });

  it("keeps to a name that ends in -001 by itself", async () => {
    expect(await add({ model: "models/gemini-embedding-001" })).toMatchObject({
      kind: "added",
      price: { model: "gemini-embedding-001" },
    });
  });

  it("waits for whoever adds one, and knows that one then", async () => {
    let adding: ReturnType<typeof add> | undefined;
    await database.prisma.$transaction(async (other) => {
      await other.$executeRawUnsafe(lockStatement.text, "[]");
      adding = add({ model: "gemini-11", validFrom: "2026-01-02T00:00:00Z" });
      await eventually(async () => expect(await waitingForLocks(database)).toBe(1));
      const { id: _, ...price } = await other.price.findFirstOrThrow({
        where: { model: "gemini-2.5-flash" },
      });
      await other.price.create({ data: { ...price, model: "gemini-11" } });
    });
    expect(await adding).toMatchObject({ kind: "too_soon" });
  });

  it("at the same moment by many: one of them is the model's first, all others come too soon", async () => {
    const additions = await Promise.all(
      Array.from({ length: 8 }, (_, day) =>
        add({ model: "gemini-10", validFrom: `2026-01-0${day + 1}T00:00:00Z` }),
      ),
    );
    expect(additions.filter(({ kind }) => kind === "added")).toHaveLength(1);
    expect(additions.filter(({ kind }) => kind === "too_soon")).toHaveLength(7);
  });
});
