import type { AlertFacts } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";

const statement = loadStatement(new URL("./raise-alert.sql", import.meta.url));

/** Tells operators of something, once for each key. */
export async function raiseAlert(
  database: Database,
  { type, creatorId, data }: AlertFacts,
  key: string,
): Promise<void> {
  await database.execute(statement, [{ type, creatorId, key, payload: data }]);
}
