import { Redis } from "ioredis";
import pg from "pg";

/**
 * Runs statements over a connection of their own.
 * @returns the last one's rows
 * @throws where Postgres is away
 */
export async function askPostgres(url: string, ...statements: string[]): Promise<object[]> {
  const client = new pg.Client({ connectionString: url });
  // What fails says so to its caller.
  client.on("error", () => {});
  await client.connect();
  try {
    let rows: object[] = [];
    for (const statement of statements) rows = (await client.query<object>(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}

/** Asks over a connection of its own. @throws where Redis is away */
export async function askRedis<Answer>(
  url: string,
  question: (redis: Redis) => Promise<Answer>,
): Promise<Answer> {
  const redis = new Redis(url, { maxRetriesPerRequest: 3, disconnectTimeout: 200 });
  redis.on("error", () => {});
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}
