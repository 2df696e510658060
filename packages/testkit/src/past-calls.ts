import { randomUUID } from "node:crypto";
import { type Database, loadStatement } from "@understudy/database";

const statement = loadStatement(new URL("./past-calls.sql", import.meta.url));

export interface PastCallsOptions {
  /** A UTC month: `2026-10`. */
  month: string;
  /** How many take part: `<prefix>1`, `<prefix>2` and so on. Those that are new are made when the month began. */
  creators: number;
  /** How many calls they made in all. */
  calls: number;
  prefix?: string;
  /** Of new creators. */
  plan?: string;
  /** Of all the calls; what is not settled holds $0.25 each. */
  status?: "settled" | "started" | "unknown";
}

/** Writes calls down as if they had been made in a past month, with the accounts that fit them. */
export function createPastCalls(
  database: Database,
  options: PastCallsOptions,
): Promise<{ id: string; creatorId: string; costUsd: string | null }[]> {
  const { prefix = "creator_", plan = "business", status = "settled", ...rest } = options;
  return database.execute(statement, [{ ...rest, prefix, plan, status, salt: randomUUID() }]);
}

/** The UTC month so many before this one: `2026-10`. */
export function pastMonth(ago: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago, 1)).toISOString().slice(0, 7);
}
