// What a test file opens with one line, and Jest closes after the file's last test. Only for test files.
import { afterAll } from "@jest/globals";
import { type Database, openDatabase } from "@understudy/database";
import { makeStrict, type SettableClock } from "./strict-database.ts";
import { createTestDatabase } from "./test-database.ts";

const closers: (() => Promise<unknown>)[] = [];

/** Jest calls hooks in the order in which they come; what is opened last has to be closed first. */
export function afterSuite(close: () => Promise<unknown>): void {
  if (closers.length === 0) afterAll(closeAll);
  closers.unshift(close);
}

async function closeAll(): Promise<void> {
  for (const close of closers) await close();
}

export interface SuiteDatabase {
  url: string;
  database: Database;
}

/** A migrated database of the test file's own. */
export async function openSuiteDatabase(connectionsMax = 10): Promise<SuiteDatabase> {
  const { url, drop } = await createTestDatabase();
  afterSuite(drop);
  return { url, database: open(url, connectionsMax) };
}

export interface StrictSuiteDatabase extends SuiteDatabase {
  /**
   * Its sessions have the database's own time zone, as behind a pooler that passes no settings on. Prisma takes it for
   * UTC: only statements may read and write times by it.
   */
  zoned: Database;
  setTime: SettableClock["set"];
}

/** A database in which nothing goes well by luck: see `makeStrict`. */
export async function openStrictSuiteDatabase(connectionsMax = 10): Promise<StrictSuiteDatabase> {
  const { url, drop } = await createTestDatabase();
  afterSuite(drop);
  const clock = await makeStrict(url);
  afterSuite(clock.close);
  return {
    url,
    database: open(url, connectionsMax),
    zoned: open(`${url}?pgbouncer=true`, connectionsMax),
    setTime: clock.set,
  };
}

function open(url: string, connectionsMax: number): Database {
  const database = openDatabase(url, connectionsMax);
  afterSuite(() => database.close());
  return database;
}
