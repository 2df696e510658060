import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { type Clock, DatabaseClock } from "./clock.ts";
import { readDatabaseUrl } from "./database-url.ts";
import { noteFromConnection, notingFaults, passesAtOnce } from "./errors.ts";
import { PrismaClient } from "./generated/client.ts";
import { noteAnswer } from "./last-answer.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import type { Statement } from "./statement.ts";
import { begins, runTransaction } from "./transaction.ts";

/**
 * Runs a statement with one parameter: its items as a JSON array; without items one that takes none.
 * @returns the rows, numerics as strings, in no particular order
 */
export type Execute = <Row extends object>(statement: Statement, items?: readonly object[]) => Promise<Row[]>;

/** Postgres: `prisma` for typed reads and simple writes, `execute` for the statements in .sql files. */
export interface Database {
  prisma: PrismaClient;
  execute: Execute;
  clock: Clock;
  /**
   * Runs statements one after another in one transaction (READ COMMITTED): each sees all that was committed
   * before it began. What `run` throws rolls back and is thrown on; so is a statement's fault that it swallows.
   * @returns what `run` gives, once it is committed
   */
  transaction<Result>(run: (execute: Execute) => Promise<Result>): Promise<Result>;
  /** Runs statements that write nothing in one transaction in which all see the moment of the first (REPEATABLE READ). */
  readAtOneMoment<Result>(run: (execute: Execute) => Promise<Result>): Promise<Result>;
  /** @throws when Postgres does not answer within `timeoutMs` */
  ping(timeoutMs: number): Promise<void>;
  /** The pool's connections now: open, of those idle, and how many statements wait for one. */
  connections(): { max: number; open: number; idle: number; waiting: number };
  close(): Promise<void>;
}

/** Every statement of ours is short. Should the server itself hang, we do not wait for it. */
const usualTimeoutMs = 15_000;

/**
 * What each session begins with. Poolers do not pass it on: there the role must have it
 * (`ALTER ROLE … SET`, docs/operations.md), and `npm run doctor` looks.
 */
const sessionSettings = {
  // The server ends what takes too long.
  statement_timeout: 12_000,
  // A process that freezes inside a transaction must not keep its locks: shorter than others wait for them.
  idle_in_transaction_session_timeout: 10_000,
  // Postgres takes any list of items for a hundred, and would compile for a second what takes milliseconds. A plan that was
  // made while a table was short would read all of it for each item, and is kept while the table grows. Prisma writes and
  // reads times without their zone: in a server's local time they would be hours off.
  options: "-c jit=off -c enable_seqscan=off -c timezone=UTC",
};

/**
 * Both ways share one pool of at most `connectionsMax` connections, opened when first needed.
 * @param queryTimeoutMs after which an answer is not waited for any more
 * @param url with `pgbouncer=true` where a pooler hands out connections for one transaction at a time
 */
export function openDatabase(
  url: string,
  connectionsMax: number,
  { queryTimeoutMs = usualTimeoutMs }: { queryTimeoutMs?: number } = {},
): Database {
  const { connectionString, isPooled } = readDatabaseUrl(url);
  const clock = new DatabaseClock();
  const pool = new pg.Pool({
    connectionString,
    max: connectionsMax,
    connectionTimeoutMillis: 5_000,
    query_timeout: queryTimeoutMs,
    application_name: "understudy",
    onConnect: (client) => clock.begin(client),
    ...(!isPooled && sessionSettings),
  });
  // A connection lost while idle, or between two statements: the pool drops it, and the next statement says
  // what is wrong. Without listeners the process would end.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  clock.start(pool);
  let prisma: PrismaClient | undefined;

  return {
    // Made when it is first asked: it takes as long as the rest of a worker's start, and 80 MB, and few processes ask.
    get prisma() {
      prisma ??= new PrismaClient({ adapter: new PrismaPg(noting(pool)), errorFormat: "minimal" });
      return prisma;
    },
    execute: again(executeOn(pool, isPooled)),
    clock,
    transaction: (run) => runTransaction(pool, (client) => run(executeOn(client, isPooled))),
    readAtOneMoment: (run) =>
      runTransaction(pool, (client) => run(executeOn(client, isPooled)), begins.atOneMoment),
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
      clock.stop();
      await prisma?.$disconnect();
      if (!pool.ended) await pool.end();
    },
  };
}

/** The pool as Prisma gets it: what its connections throw is handed on as it is, and nothing in it says where it is from. */
function noting(pool: pg.Pool): pg.Pool {
  const query = pool.query.bind(pool) as (...question: unknown[]) => unknown;
  const connect = pool.connect.bind(pool) as (...question: unknown[]) => unknown;
  // Prisma's own transactions, such as of nested writes, ask the connection itself.
  pool.on("connect", (client) => {
    const ask = oneAtATime(client.query.bind(client) as (...question: unknown[]) => unknown);
    Object.assign(client, { query: (...question: unknown[]) => notingFaults(ask(...question)) });
  });
  return Object.assign(Object.create(pool) as pg.Pool, {
    query: (...question: unknown[]) => notingFaults(query(...question)),
    connect: (...question: unknown[]) => notingFaults(connect(...question)),
  });
}

/** A statement prepared on a pooler's connection would be gone, or another's, in the next transaction. */
function executeOn(connection: pg.Pool | pg.PoolClient, isPooled: boolean): Execute {
  return async <Row extends object>({ name, text }: Statement, items?: readonly object[]) => {
    const values = items ? [JSON.stringify(items)] : [];
    try {
      const { rows } = await connection.query<Row>({ ...(!isPooled && { name }), text, values });
      noteAnswer();
      return rows;
    } catch (error) {
      noteFromConnection(error);
      throw error;
    }
  };
}

/** How often a statement is tried that a deadlock or a time-out has ended, which passes: it stands alone, and has done nothing. */
const triesMax = 3;

function again(execute: Execute): Execute {
  return async <Row extends object>(statement: Statement, items?: readonly object[]) => {
    for (let tries = 1; ; tries++) {
      try {
        return await execute<Row>(statement, items);
      } catch (error) {
        if (tries >= triesMax || !passesAtOnce(error)) throw error;
      }
    }
  };
}
