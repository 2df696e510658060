import { type Database, loadStatement } from "@understudy/database";

const statement = loadStatement(new URL("./endpoints-of-creators.sql", import.meta.url));

/** Ids of the endpoints that hear of some of these creators and of no other. */
export async function endpointsOfCreators(database: Database, creatorIds: string[]): Promise<string[]> {
  const rows = await database.execute<{ id: string }>(statement, [{ creatorIds }]);
  return rows.map(({ id }) => id);
}
