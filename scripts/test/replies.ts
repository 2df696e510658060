import { readFileSync } from "node:fs";
import { expect } from "@jest/globals";
import { parse } from "csv-parse/sync";

/** A row of the file of replies, as far as it is looked at. */
export type ReplyRow = Record<
  | "creator_id"
  | "fan_id"
  | "sent_at"
  | "text"
  | "job_id"
  | "status"
  | "response"
  | "cost_usd"
  | "latency_ms"
  | "provider"
  | "error_code",
  string
>;

export function readReplies(path: string): ReplyRow[] {
  return parse(readFileSync(path), { columns: true });
}

/**
 * What `npm run replay` says at its end when all is well.
 * @returns what the ledger's calls came to, in USD
 */
export function expectBooksToAgree(output: string): string {
  const [, ledger = "", bill] = /^ledger \$([\d.]+) = bill \$([\d.]+) \(/m.exec(output) ?? [];
  expect(Number(ledger)).toBeGreaterThan(0);
  expect(bill).toBe(ledger);
  expect(output).toContain("Nothing was lost.");
  return ledger;
}
