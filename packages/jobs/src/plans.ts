import { type Database, loadStatement } from "@understudy/database";

const renewStatement = loadStatement(new URL("./renew-plans.sql", import.meta.url));

/**
 * Has Postgres plan statements anew, where far more jobs wait than when it last looked. Cheap where there is nothing to do.
 * @returns whether they will be
 */
export async function renewPlans(database: Database): Promise<boolean> {
  const [row] = await database.execute<{ isRenewed: boolean }>(renewStatement);
  return row?.isRenewed ?? false;
}
