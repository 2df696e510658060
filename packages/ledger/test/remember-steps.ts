import type { Database } from "@understudy/database";
import { type FinishedStep, Ledger } from "../src/index.ts";

/** Has steps remembered in one statement, as attempts do where they are to wait. */
export async function rememberSteps(database: Database, steps: readonly FinishedStep[]): Promise<void> {
  const ledger = new Ledger(database);
  for (const step of steps) ledger.keepStep(step);
  await ledger.close();
}
