import { describe, expect, it } from "@jest/globals";
import {
  callSettlement,
  chargesQuery,
  costEfficiencyQuery,
  costSeriesQuery,
  costsQuery,
  month,
  newPrice,
  usd,
} from "../src/index.ts";

const takes = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
  schema.safeParse(value).success;

describe("an amount in USD", () => {
  it.each(["0", "0.00155", "999999999999", "999999999999.999999999999"])("may be %s", (text) => {
    expect(takes(usd, text)).toBe(true);
  });

  it.each(["", "-1", "+1", "1.", ".5", "1e3", " 1", "1 ", "1,5", "1000000000000", "0.0000000000001"])(
    'may not be "%s"',
    (text) => {
      expect(takes(usd, text)).toBe(false);
    },
  );

  it("may not be a number, whose last digits may be wrong", () => {
    expect(takes(usd, 0.1)).toBe(false);
  });
});

describe("a price for a million tokens", () => {
  const price = { model: "gemini-x", inputUsd: "1", outputUsd: "1", cachedUsd: "1", source: "test" };

  it.each(["inputUsd", "outputUsd", "cachedUsd", "audioInputUsd", "audioCachedUsd"])(
    "%s has six digits on each side at most, so that no cost of a call is rounded",
    (name) => {
      expect(takes(newPrice, { ...price, [name]: "999999.999999" })).toBe(true);
      expect(takes(newPrice, { ...price, [name]: "1000000" })).toBe(false);
      expect(takes(newPrice, { ...price, [name]: "0.0000001" })).toBe(false);
    },
  );

  it.each(["inputUsd", "outputUsd", "cachedUsd"])("%s of long context has so, too", (name) => {
    const longContext = { above: 200_000, inputUsd: "1", outputUsd: "1", cachedUsd: "1" };
    expect(takes(newPrice, { ...price, longContext: { ...longContext, [name]: "0.000001" } })).toBe(true);
    expect(takes(newPrice, { ...price, longContext: { ...longContext, [name]: "0.0000001" } })).toBe(false);
  });

  it("says from how many tokens on a prompt is long", () => {
    const above = (above: number) => ({ ...price, longContext: { above, ...longRates } });
    const longRates = { inputUsd: "1", outputUsd: "1", cachedUsd: "1" };
    expect([0, 1, 2_147_483_647, 2_147_483_648, 1.5].map((tokens) => takes(newPrice, above(tokens)))).toEqual(
      [false, true, true, false, false],
    );
  });

  it("is valid from a time in the years 2000 to 9999, by UTC", () => {
    const from = (validFrom: string) => takes(newPrice, { ...price, validFrom });
    expect(from("1999-12-31T23:59:59.999Z")).toBe(false);
    expect(from("2000-01-01T00:00:00Z")).toBe(true);
    expect(from("2000-01-01T00:00:00+00:01")).toBe(false);
    expect(from("9999-12-31T23:59:59.999Z")).toBe(true);
    expect(from("9999-12-31T23:59:59-00:01")).toBe(false);
  });
});

describe("what a lost call cost", () => {
  it("is an amount below a million, or written off, and never both", () => {
    expect(takes(callSettlement, { costUsd: "999999.999999999999" })).toBe(true);
    expect(takes(callSettlement, { costUsd: "1000000" })).toBe(false);
    expect(takes(callSettlement, { writeOff: true })).toBe(true);
    expect(takes(callSettlement, { writeOff: false })).toBe(false);
    expect(takes(callSettlement, {})).toBe(false);
    expect(takes(callSettlement, { costUsd: "1", writeOff: true })).toBe(false);
  });
});

describe("a month", () => {
  it.each(["2000-01", "2026-09", "2026-10", "2099-12"])("may be %s", (text) => {
    expect(takes(month, text)).toBe(true);
    expect(takes(chargesQuery, { month: text })).toBe(true);
  });

  it.each(["2026-00", "2026-13", "2026-1", "1999-12", "2100-01", "2026-10-01", "x2026-10", "202610"])(
    "may not be %s",
    (text) => {
      expect(takes(month, text)).toBe(false);
    },
  );

  it("has charges in pages of 1 to 1000, of 100 by default", () => {
    expect(chargesQuery.parse({}).limit).toBe(100);
    expect(["0", "1", "1000", "1001"].map((limit) => takes(chargesQuery, { limit }))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

describe.each([
  ["costs", costsQuery],
  ["the series of costs", costSeriesQuery],
  ["efficiency", costEfficiencyQuery],
] as const)("a period of %s", (_name, query) => {
  it("is of UTC days, or of times with their offset", () => {
    expect(query.parse({ from: "2026-11-22", to: "2026-11-23T01:00:00+02:00" })).toMatchObject({
      from: new Date("2026-11-22T00:00:00Z"),
      to: new Date("2026-11-22T23:00:00Z"),
    });
    expect(takes(query, { from: "2026-11-22T18:00:00" })).toBe(false);
    expect(takes(query, { from: "2026-11" })).toBe(false);
  });

  it("ends after it begins, where both are said", () => {
    expect(takes(query, { from: "2026-11-22", to: "2026-11-22T00:00:00.001Z" })).toBe(true);
    expect(takes(query, { from: "2026-11-22", to: "2026-11-22" })).toBe(false);
    expect(takes(query, { from: "2026-11-22", to: "2026-11-22T01:59:59+02:00" })).toBe(false);
    expect(takes(query, { to: "2026-11-22" })).toBe(true);
    expect(takes(query, {})).toBe(true);
  });
});
