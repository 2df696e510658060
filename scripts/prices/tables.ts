import type { Price, Quote } from "@understudy/contracts";
import Table from "cli-table3";
import type { Drift } from "./drift.ts";

/** No colours: the table may go to a file. */
const plain = { style: { head: [], border: [], compact: true } };

export function pricesTable(prices: readonly Price[], now: Date): string {
  const table = new Table({
    ...plain,
    head: [
      "model",
      "tier",
      "valid from",
      "state",
      "in",
      "out",
      "cached",
      "audio in",
      "audio cached",
      "long prompts",
    ],
  });
  for (const price of prices) {
    const { longContext: long } = price;
    table.push([
      price.model,
      price.serviceTier,
      price.validFrom,
      stateOf(price, now),
      price.inputUsd,
      price.outputUsd,
      price.cachedUsd,
      price.audioInputUsd,
      price.audioCachedUsd,
      long ? `above ${long.above}: ${long.inputUsd}, ${long.outputUsd}, ${long.cachedUsd}` : "",
    ]);
  }
  return table.toString();
}

function stateOf(price: Price, now: Date): string {
  if (price.inForce) return "in force";
  return new Date(price.validFrom) > now ? "to come" : "over";
}

export function quoteTable(quote: Quote): string {
  const table = new Table({
    ...plain,
    head: ["what", "tokens", "USD a million", "USD", "source"],
    colAligns: ["left", "right", "right", "right", "left"],
  });
  for (const { what, tokens, usdPerMillion, usd, source } of quote.lines) {
    table.push([what, tokens ?? "", usdPerMillion ?? "", usd, source]);
  }
  table.push([
    "total",
    "",
    "",
    quote.totalUsd,
    quote.estimated ? "an upper bound: the usage contradicts itself" : "",
  ]);
  return table.toString();
}

export function driftTable(drifts: readonly Drift[]): string {
  const table = new Table({ ...plain, head: ["model", "at", "field", "ours", "theirs", "known"] });
  for (const { model, at, field, ours, theirs, known } of drifts) {
    table.push([model, at.toISOString().slice(0, 10), field, ours, theirs, known ?? "NO"]);
  }
  return table.toString();
}
