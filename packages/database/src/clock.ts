import type { Pool, PoolClient, QueryConfig } from "pg";

const statement = `SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS "ms"`;

/** How often it is read over again: what steps Postgres' clock makes are followed so soon. */
const readMs = 60_000;

/** A reading that takes longer says little, and holds up the first statement of a connection. */
const readTimeoutMs = 2_000;

/** The one clock: that of Postgres, which all processes have in common. */
export interface Clock {
  /** The time by Postgres' clock; by this process' own until Postgres has answered for the first time. */
  now(): Date;
  /** How far this process' own wall clock is ahead of it, in milliseconds. Undefined until Postgres has answered. */
  skewMs(): number | undefined;
}

/**
 * Postgres' clock, as the time that it is ahead of this process' steady one: no step of the own wall clock matters. It is read
 * as each connection begins, so that it is known before Postgres has answered anything else, and also once a failover has put
 * another Postgres there; and once a minute.
 */
export class DatabaseClock implements Clock {
  /** Milliseconds. */
  #aheadMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  now(): Date {
    return new Date(this.#aheadMs === undefined ? Date.now() : performance.now() + this.#aheadMs);
  }

  skewMs(): number | undefined {
    return this.#aheadMs === undefined ? undefined : Date.now() - performance.now() - this.#aheadMs;
  }

  /** Reads it over a connection. Best effort: where Postgres does not tell the time, what is known of it stays. */
  async read(client: Pick<PoolClient, "query">): Promise<void> {
    const askedAt = performance.now();
    // query_timeout is pg's own client-side limit; its types do not know it.
    const question = { text: statement, query_timeout: readTimeoutMs } as QueryConfig;
    const answer = await client.query<{ ms: number }>(question).catch(() => undefined);
    const [row] = answer?.rows ?? [];
    if (row) this.#take(row.ms, askedAt, performance.now());
  }

  /** It was read at some moment between the two: what is known already and may be true was read more exactly, and stays. */
  #take(ms: number, askedAt: number, answeredAt: number): void {
    const known = this.#aheadMs ?? Number.NaN;
    if (known >= ms - answeredAt && known <= ms - askedAt) return;
    this.#aheadMs = ms - (askedAt + answeredAt) / 2;
  }

  /** Reads it once a minute from now on. */
  start(pool: Pool): void {
    const readOnce = async () => {
      const client = await pool.connect();
      await this.read(client).finally(() => client.release());
    };
    this.#timer = setInterval(() => void readOnce().catch(() => {}), readMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
