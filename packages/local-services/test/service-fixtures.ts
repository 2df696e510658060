import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { Client } from "pg";
import { startPostgres, startRedis } from "../src/index.ts";

type PostgresOptions = Parameters<typeof startPostgres>[0];
type RedisOptions = Parameters<typeof startRedis>[0];

/** What one test file has made, so that nothing of it stays. */
export function createCleaner() {
  const tasks: (() => unknown)[] = [];
  const later = <T>(thing: T, clean: (thing: T) => unknown): T => {
    tasks.push(() => clean(thing));
    return thing;
  };
  return {
    /** 0700, as mkdtemp makes them: closed to the account that Postgres runs as, where we are root. */
    directory: () =>
      later(mkdtempSync(join(tmpdir(), "local-services-")), (path) =>
        rmSync(path, { recursive: true, force: true }),
      ),
    postgres: async (options: PostgresOptions) =>
      later(await startPostgres(options), async (server) => await server.remove()),
    redis: async (options: RedisOptions) =>
      later(await startRedis(options), async (server) => await server.remove()),
    async clean() {
      for (let task = tasks.pop(); task; task = tasks.pop()) await task();
    },
  };
}

/** Runs one statement over a connection of its own. */
export async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  // A server that is killed takes its connections along; the query's own rejection tells.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

export async function withRedis<T>(url: string, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0, lazyConnect: true });
  let cause: unknown;
  redis.on("error", (err) => {
    cause = err;
  });
  try {
    await redis.connect();
    return await ask(redis);
  } catch (err) {
    throw cause ?? err;
  } finally {
    redis.disconnect();
  }
}

/** Takes a port as another program would. */
export async function occupy(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}

/** All command lines and, where we may see them, environments of this machine. */
export function processList(): string {
  return spawnSync("ps", ["axeww", "-o", "args"], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }).stdout;
}

export function passwordOf(url: string): string {
  return new URL(url).password;
}
