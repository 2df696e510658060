import { type Execute, loadStatement } from "@understudy/database";

const statement = loadStatement(new URL("./open-accounts.sql", import.meta.url));

/** Whose accounts a call of a month counts on. */
export interface Payers {
  creatorId: string;
  apiKeyId?: string | null;
  /** Such as `2026-11`. */
  month: string;
}

/** Makes accounts that are not there yet: only what is there can be locked. */
export async function openAccounts(execute: Execute, payers: readonly Payers[]): Promise<void> {
  if (payers.length > 0) await execute(statement, payers);
}
