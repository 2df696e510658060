import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { PrismaClient } from "./generated/client.ts";
import type { Statement } from "./statement.ts";

/** Postgres: `prisma` for typed reads and simple writes, `execute` for the statements in .sql files. */
export interface Database {
  prisma: PrismaClient;
  /**
   * Runs a statement with one parameter: its items as a JSON array.
   * @returns the rows, numerics as strings, in no particular order
   */
  execute<Row extends object>(statement: Statement, items: readonly object[]): Promise<Row[]>;
  /** @throws when Postgres does not answer within `timeoutMs` */
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Both ways share one pool of at most `connectionsMax` connections, opened when first needed. */
export function openDatabase(url: string, connectionsMax: number): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: 5_000,
    // Every statement of ours is short. The server ends what takes too long; should the server itself hang,
    // we do not wait for it either.
    statement_timeout: 12_000,
    query_timeout: 15_000,
    application_name: "understudy",
  });
  // A connection lost while idle: the pool drops it, and the next query says what is wrong.
  pool.on("error", () => {});
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });

  return {
    prisma,
    async execute<Row extends object>(statement: Statement, items: readonly object[]): Promise<Row[]> {
      const { name, text } = statement;
      return (await pool.query<Row>({ name, text, values: [JSON.stringify(items)] })).rows;
    },
    async ping(timeoutMs) {
      // query_timeout is pg's own client-side limit; its types do not know it.
      await pool.query({ text: "SELECT 1", query_timeout: timeoutMs } as pg.QueryConfig);
    },
    async close() {
      await prisma.$disconnect();
      if (!pool.ended) await pool.end();
    },
  };
}
