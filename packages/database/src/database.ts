import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { PrismaClient } from "./generated/client.ts";
import type { Statement } from "./statement.ts";
import { runTransaction } from "./transaction.ts";

/**
 * Runs a statement with one parameter: its items as a JSON array; without items one that takes none.
 * @returns the rows, numerics as strings, in no particular order
 */
export type Execute = <Row extends object>(statement: Statement, items?: readonly object[]) => Promise<Row[]>;

/** Postgres: `prisma` for typed reads and simple writes, `execute` for the statements in .sql files. */
export interface Database {
  prisma: PrismaClient;
  execute: Execute;
  /**
   * Runs statements one after another in one transaction (READ COMMITTED): each sees all that was committed
   * before it began. What `run` throws rolls back and is thrown on; so is a statement's fault that it swallows.
   * @returns what `run` gives, once it is committed
   */
  transaction<Result>(run: (execute: Execute) => Promise<Result>): Promise<Result>;
  /** @throws when Postgres does not answer within `timeoutMs` */
  ping(timeoutMs: number): Promise<void>;
  /** The pool's connections now: open, of those idle, and how many statements wait for one. */
  connections(): { max: number; open: number; idle: number; waiting: number };
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
    // A process that freezes inside a transaction must not keep its locks: shorter than others wait for them.
    idle_in_transaction_session_timeout: 10_000,
    application_name: "understudy",
    // Postgres takes any list of items for a hundred, and would compile for a second what takes milliseconds.
    options: "-c jit=off",
  });
  // A connection lost while idle: the pool drops it, and the next query says what is wrong.
  pool.on("error", () => {});
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });

  return {
    prisma,
    execute: executeOn(pool),
    transaction: (run) => runTransaction(pool, (client) => run(executeOn(client))),
    async ping(timeoutMs) {
      // query_timeout is pg's own client-side limit; its types do not know it.
      await pool.query({ text: "SELECT 1", query_timeout: timeoutMs } as pg.QueryConfig);
    },
    connections: () => ({
      max: connectionsMax,
      open: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    async close() {
      await prisma.$disconnect();
      if (!pool.ended) await pool.end();
    },
  };
}

function executeOn(connection: pg.Pool | pg.PoolClient): Execute {
  return async <Row extends object>({ name, text }: Statement, items?: readonly object[]) =>
    (await connection.query<Row>({ name, text, values: items ? [JSON.stringify(items)] : [] })).rows;
}
