import type pg from "pg";
import { isDatabaseAway, noteFromConnection } from "./errors.ts";

/** How a transaction begins: as the server has it (READ COMMITTED), or one that reads alone and sees one moment. */
export const begins = {
  usually: "BEGIN",
  atOneMoment: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
} as const;

/**
 * BEGIN, `run`, COMMIT on one connection of the pool. A connection in an unknown state is not used again:
 * the server rolls back what it finds open when the connection ends.
 *
 * @throws what `run` throws, or that Postgres is away: then the transaction may have been committed all the same
 */
export async function runTransaction<Result>(
  pool: pg.Pool,
  run: (client: pg.PoolClient) => Promise<Result>,
  begin: (typeof begins)[keyof typeof begins] = begins.usually,
): Promise<Result> {
  const client = await fromConnection(() => pool.connect());
  let broken = false;
  try {
    await fromConnection(() => client.query(begin));
    const result = await run(client);
    const { command } = await fromConnection(() => client.query("COMMIT"));
    // Postgres answers so when a statement has failed, and says nothing else.
    if (command !== "COMMIT") throw new Error("A statement of the transaction has failed: rolled back.");
    return result;
  } catch (error) {
    // After a time-out its statement may still run, and ROLLBACK would wait behind it.
    broken = isDatabaseAway(error) || !(await rolledBack(client));
    throw error;
  } finally {
    client.release(broken);
  }
}

async function fromConnection<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    noteFromConnection(error);
    throw error;
  }
}

async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  return client.query("ROLLBACK").then(
    () => true,
    () => false,
  );
}
