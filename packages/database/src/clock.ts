import type { Pool, PoolClient, QueryConfig } from "pg";

const statement = `SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS "ms"`;

/** How often it is read over again: what steps Postgres' clock makes are followed so soon. */
const readMs = 60_000;

/** A reading that takes longer says little, and holds up the first statement of a connection. */
const readTimeoutMs = 2_000;

/** How often it is looked at whether it is to be read: nobody is asked for that. */
const lookMs = 1_000;

/** By so much the own two clocks part where one has stepped, or stood still while the machine slept. */
const partedMs = 5_000;

/** The one clock: that of Postgres, which all processes have in common. */
export interface Clock {
  /** The time by Postgres' clock; by this process' own until Postgres has answered for the first time. */
  now(): Date;
  /** How far this process' own wall clock is ahead of it, in ms. Undefined until Postgres has answered. */
  skewMs(): number | undefined;
}

/**
 * Postgres' clock, as the time that it is ahead of this process' steady one: no step of the own wall clock
 * matters. It is read as each connection begins, so that it is known before Postgres has answered anything
 * else, and also once a failover has put another Postgres there; once a minute; and where the own two clocks
 * part, since it may be the steady one that was suspended.
 */
export class DatabaseClock implements Clock {
  /** Milliseconds. */
  #aheadMs: number | undefined;
  /** Of the last reading: by the steady clock, and how far the own wall clock was ahead of that. */
  #readAt = Number.NEGATIVE_INFINITY;
  #wallAheadMs = 0;
  #isReading = false;
  #timer: NodeJS.Timeout | undefined;

  now(): Date {
    return new Date(this.#aheadMs === undefined ? Date.now() : performance.now() + this.#aheadMs);
  }

  skewMs(): number | undefined {
    return this.#aheadMs === undefined ? undefined : wallAheadMs() - this.#aheadMs;
  }

  /**
   * Reads it as a connection begins.
   * @throws where it is not known yet and Postgres does not tell it: what else it answered would be dated by
   * the own clock
   */
  async begin(client: Pick<PoolClient, "query">): Promise<void> {
    await this.#read(client).catch((error: unknown) => {
      if (this.#aheadMs === undefined) throw error;
    });
  }

  async #read(client: Pick<PoolClient, "query">): Promise<void> {
    const askedAt = performance.now();
    // query_timeout is pg's own client-side limit; its types do not know it.
    const question = { text: statement, query_timeout: readTimeoutMs } as QueryConfig;
    const [row] = (await client.query<{ ms: number }>(question)).rows;
    if (!row) throw new Error("Postgres does not tell the time.");
    this.#take(row.ms, askedAt, performance.now());
  }

  /** It was read at some moment between the two. What is known, and may be true, was read more exactly. */
  #take(ms: number, askedAt: number, answeredAt: number): void {
    this.#readAt = answeredAt;
    this.#wallAheadMs = wallAheadMs();
    const known = this.#aheadMs ?? Number.NaN;
    if (known >= ms - answeredAt && known <= ms - askedAt) return;
    this.#aheadMs = ms - (askedAt + answeredAt) / 2;
  }

  /** Reads it whenever it is due from now on. Where Postgres does not tell the time, what is known stays. */
  start(pool: Pool): void {
    const look = async () => {
      if (this.#isReading || !this.#isDue()) return;
      this.#isReading = true;
      await this.#readOver(pool).catch(() => {});
      this.#isReading = false;
    };
    this.#timer = setInterval(() => void look(), lookMs).unref();
  }

  #isDue(): boolean {
    if (this.#aheadMs === undefined) return false;
    return (
      performance.now() - this.#readAt >= readMs || Math.abs(wallAheadMs() - this.#wallAheadMs) > partedMs
    );
  }

  async #readOver(pool: Pool): Promise<void> {
    const client = await pool.connect();
    await this.#read(client).then(
      () => client.release(),
      // A statement that is not answered may still run, and others would wait behind it.
      () => client.release(true),
    );
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** How far this process' wall clock is ahead of its steady one, in milliseconds. */
function wallAheadMs(): number {
  return Date.now() - performance.now();
}
