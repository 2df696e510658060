import type { Database } from "@understudy/database";
import { type JobEnd, Ledger } from "../src/index.ts";

/** Ends jobs in one statement, as attempts do. @returns for each whether it has ended now */
export function endJobs(database: Database, ends: readonly JobEnd[]): Promise<boolean[]> {
  const ledger = new Ledger(database);
  return Promise.all(ends.map((end) => ledger.endJob(end)));
}
