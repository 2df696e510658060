import { quotaThresholds } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";

const statement = loadStatement(new URL("./raise-lowered-quotas.sql", import.meta.url));

/** Terms that changed longer ago are not looked at: so long no worker may look, and none is missed. */
const sinceSeconds = 86_400;

/** Raises alerts of thresholds that creators have passed because their quota was lowered; one row for each raised now. */
export function raiseLoweredQuotas(database: Database): Promise<{ creatorId: string }[]> {
  return database.execute(statement, [{ sinceSeconds, thresholds: quotaThresholds }]);
}
