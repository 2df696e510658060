import { readFileSync } from "node:fs";
import pg from "pg";

const statement = readFileSync(new URL("./strict-database.sql", import.meta.url), "utf8");

/** What Postgres takes for the time in one database. */
export interface SettableClock {
  /** Stops it at a time, as JavaScript or Postgres writes it, to the microsecond; without one it goes again. */
  set(at?: Date | string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes a test's database one in which nothing goes well by luck, whoever connects to it from here on. Its clock stands
 * where the test puts it, so that a test can stand on the very edge of what begins or ends at a time; its time zone is not
 * UTC; rows come in no order that was not asked for. A time that a statement gives without its zone, which would be taken
 * for the machine's own, is a fault.
 */
export async function makeStrict(databaseUrl: string): Promise<SettableClock> {
  pg.types.setTypeParser(pg.types.builtins.TIMESTAMP, (time) => {
    throw new Error(`A statement gives a time without its zone: ${time}.`);
  });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(statement);
  return {
    async set(at) {
      await client.query("UPDATE clock.moment SET at = $1", [at instanceof Date ? at.toISOString() : at]);
    },
    close: () => client.end(),
  };
}
