import { type ServiceProcess, spawnService } from "@understudy/testkit";
import type { BenchRun } from "./bench-run.ts";
import type { PrivateServices } from "./private-services.ts";

const adminKey = "us_bench_admin_0123456789abcdefghijklmno";

/** What a client of the bench's API sends with each request. */
export const authorization = { authorization: `Bearer ${adminKey}` };

/** The API as production runs it, which waits for nobody's emulator. */
export async function startApi(run: BenchRun, services: PrivateServices): Promise<string> {
  const api: ServiceProcess = await spawnService("api", {
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    UNDERSTUDY_ADMIN_KEY: adminKey,
    PORT: "0",
    LOG_LEVEL: "warn",
  });
  run.atEnd(api.stop);
  return String(api.details.url);
}
