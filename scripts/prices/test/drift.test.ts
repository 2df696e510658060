import { describe, expect, test } from "@jest/globals";
import type { Price } from "@understudy/contracts";
import { findDrift } from "../drift.ts";

const now = new Date("2026-11-22T00:00:00Z");

function priced(change: Partial<Price> = {}): Price {
  return {
    model: "gemini-2.5-flash",
    provider: "gemini",
    serviceTier: "standard",
    regionClass: "global",
    validFrom: "2025-01-01T00:00:00.000Z",
    inForce: true,
    inputUsd: "0.3",
    outputUsd: "2.5",
    cachedUsd: "0.03",
    audioInputUsd: "1",
    audioCachedUsd: "0.1",
    longContext: null,
    source: "test",
    ...change,
  };
}

const pro = priced({
  model: "gemini-2.5-pro",
  inputUsd: "1.25",
  outputUsd: "10",
  cachedUsd: "0.125",
  audioInputUsd: "1.25",
  audioCachedUsd: "0.125",
  longContext: { above: 200_000, inputUsd: "2.5", outputUsd: "15", cachedUsd: "0.25" },
});
/** As genai-prices has it from 2027 on. */
const flash2027 = priced({
  model: "gemini-3.8-flash",
  validFrom: "2027-01-01T00:00:00.000Z",
  inForce: false,
  inputUsd: "1.5",
  outputUsd: "7.5",
  cachedUsd: "0.15",
  audioInputUsd: "1.5",
  audioCachedUsd: "0.15",
});

describe("drift from @pydantic/genai-prices", () => {
  test("there is none where all amounts are the same, long context and prices to come included", () => {
    expect(findDrift([priced(), pro, flash2027], now)).toEqual([]);
  });

  test("shows each amount that differs", () => {
    const at = now;
    expect(findDrift([priced({ inputUsd: "0.31", audioCachedUsd: "0.03" })], now)).toEqual([
      { model: "gemini-2.5-flash", at, field: "inputUsd", ours: "0.31", theirs: "0.3", known: undefined },
      {
        model: "gemini-2.5-flash",
        at,
        field: "audioCachedUsd",
        ours: "0.03",
        theirs: "0.1",
        known: undefined,
      },
    ]);
  });

  test("shows long context that one side alone has, or that begins elsewhere", () => {
    expect(findDrift([{ ...pro, longContext: null }], now).map(({ field, ours }) => [field, ours])).toEqual([
      ["longContext.above", "none"],
      ["longContext.inputUsd", "none"],
      ["longContext.outputUsd", "none"],
      ["longContext.cachedUsd", "none"],
    ]);
    const { longContext } = pro;
    const elsewhere = { ...pro, longContext: longContext && { ...longContext, above: 128_000 } };
    expect(findDrift([elsewhere], now)).toMatchObject([
      { field: "longContext.above", ours: "128000", theirs: "200000" },
    ]);
  });

  test("compares a price to come as of its own time", () => {
    expect(findDrift([{ ...flash2027, outputUsd: "3.75" }], now)).toMatchObject([
      { at: new Date("2027-01-01T00:00:00Z"), ours: "3.75", theirs: "7.5" },
    ]);
  });

  test("leaves out what is over, and other tiers", () => {
    const over = priced({ inForce: false, inputUsd: "9" });
    expect(findDrift([over, priced({ serviceTier: "flex", inputUsd: "0.15" })], now)).toEqual([]);
  });

  test("compares a model that another one answers with that one, from that day on", () => {
    const routed = { audioInputUsd: "0.3", audioCachedUsd: "0.03" };
    const december = priced({ ...routed, validFrom: "2026-12-01T00:00:00.000Z", inForce: false });
    expect(findDrift([december], now)).toEqual([]);
    expect(findDrift([{ ...december, outputUsd: "2.4" }], now)).toMatchObject([
      { field: "outputUsd", theirs: "2.5", known: undefined },
    ]);
    const early = findDrift([{ ...december, validFrom: "2026-11-30T00:00:00.000Z" }], now);
    expect(early.map(({ field }) => field)).toEqual(["audioInputUsd", "audioCachedUsd"]);
  });

  test("knows that Gemini 4 is too new for them", () => {
    const [drift, ...others] = findDrift([priced({ model: "gemini-4-argon" })], now);
    expect(drift).toMatchObject({ field: "model", theirs: "unknown", known: expect.stringMatching(/newer/) });
    expect(others).toEqual([]);
  });

  test("shows a model that they don't know", () => {
    expect(findDrift([priced({ model: "gemini-99-nano" })], now)).toMatchObject([
      { field: "model", theirs: "unknown", known: undefined },
    ]);
  });

  test("knows why the free model differs, and only as long as it is free", () => {
    const zero = { inputUsd: "0", outputUsd: "0", cachedUsd: "0", audioInputUsd: "0", audioCachedUsd: "0" };
    const free = priced({ model: "gemini-2.0-flash-exp", ...zero });
    const drifts = findDrift([free], now);
    expect(drifts).toHaveLength(5);
    expect(drifts.every(({ known }) => known?.includes("free"))).toBe(true);
    const paid = findDrift([{ ...free, inputUsd: "0.2" }], now);
    expect(paid.filter(({ known }) => known === undefined)).toMatchObject([{ field: "inputUsd" }]);
  });
});
