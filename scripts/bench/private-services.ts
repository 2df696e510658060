import { applyMigrations } from "@understudy/database";
import { startPostgres, startRedis } from "@understudy/local-services";
import { temporaryDirectory } from "@understudy/testkit";
import type { BenchRun } from "./bench-run.ts";

export interface PrivateServices {
  databaseUrl: string;
  redisUrl: string;
  postgresPid: number;
  redisPid: number;
}

/** A migrated Postgres and a Redis of the benchmark's own, as durable as in production. */
export async function startPrivateServices({ atEnd, report }: BenchRun): Promise<PrivateServices> {
  report("starting Postgres and Redis");
  const directory = await temporaryDirectory();
  atEnd(directory.remove);
  const postgres = await startPostgres({ directory: `${directory.path}/postgres`, endWithOwner: true });
  atEnd(postgres.remove);
  const redis = await startRedis({ directory: `${directory.path}/redis`, endWithOwner: true });
  atEnd(redis.remove);
  await applyMigrations(postgres.url);
  return {
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    postgresPid: postgres.pid(),
    redisPid: redis.pid(),
  };
}
