import { type Database, loadStatement, openDatabase } from "@understudy/database";
import { accountsAmiss, eventually } from "@understudy/testkit";
import pg from "pg";
import { Ledger, type LedgerOptions } from "../src/ledger.ts";

/** A process of its own, as far as the database can tell. */
export interface Writer {
  database: Database;
  ledger: Ledger;
}

export function startWriters(url: string, count: number, options: LedgerOptions = {}): Writer[] {
  return Array.from({ length: count }, () => {
    const database = openDatabase(url, 3);
    return { database, ledger: new Ledger(database, options) };
  });
}

const boundsStatement = loadStatement(new URL("./note-bounds-passed.sql", import.meta.url));

/** Has Postgres itself note each moment in which an account passes a bound. */
export async function watchBounds(url: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(boundsStatement.text);
  await client.end();
}

/**
 * All that is wrong with the accounts once the writers have ended: bounds that were passed, sums that are off, and
 * deadlocks, of which Postgres ended one side.
 */
export async function booksAmiss(database: Database, writers: readonly Writer[]): Promise<unknown[]> {
  await Promise.all(writers.map((writer) => writer.database.close()));
  const { prisma } = database;
  // A session counts its deadlocks in when it ends at the latest.
  await eventually(async () => {
    const [sessions] = await prisma.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS "count" FROM pg_stat_activity WHERE datname = current_database()`;
    expectFew(sessions?.count ?? 0, database.connections().open);
  });
  const [deadlocks] = await prisma.$queryRaw<{ deadlocks: bigint }[]>`
    SELECT deadlocks FROM pg_stat_database WHERE datname = current_database() AND deadlocks > 0`;
  const passed = await prisma.$queryRaw<unknown[]>`SELECT * FROM "BoundPassed" LIMIT 5`;
  return [...passed, ...(await accountsAmiss({ database })), ...(deadlocks ? [deadlocks] : [])];
}

function expectFew(sessions: number, own: number): void {
  if (sessions > own) throw new Error(`${sessions} sessions are there, ${own} of them ours.`);
}
