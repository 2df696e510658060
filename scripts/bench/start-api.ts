import { type ServiceProcess, spawnService, testSecretsKeys } from "@understudy/testkit";
import type { BenchRun } from "./bench-run.ts";
import type { PrivateServices } from "./private-services.ts";

export const adminKey = "us_bench_admin_0123456789abcdefghijklmno";

/** What a client of the bench's API sends with each request. */
export const authorization = { authorization: `Bearer ${adminKey}` };

/** The API as production runs it, which waits for nobody's emulator. @returns its URL */
export async function startApi(run: BenchRun, services: PrivateServices): Promise<string> {
  return (await startApiProcess(run, services)).url;
}

/** The same, for who looks at its process as well. */
export async function startApiProcess(
  run: BenchRun,
  services: PrivateServices,
): Promise<{ url: string; pid: number }> {
  const api: ServiceProcess = await spawnService("api", {
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    UNDERSTUDY_ADMIN_KEY: adminKey,
    UNDERSTUDY_SECRETS_KEYS: testSecretsKeys,
    PORT: "0",
    LOG_LEVEL: "warn",
  });
  run.atEnd(api.stop);
  const url = String(api.details.url);
  await widenBuckets(url);
  return { url, pid: api.pid };
}

/** What is measured is how fast jobs go, not how long they wait for tokens. */
async function widenBuckets(url: string): Promise<void> {
  const bucket = { ratePerHour: 100_000_000, burst: 1_000_000 };
  const plan = { priceUsd: "0", quotaUsd: null, bucket, weight: 1, usage: "billed" };
  await askApi(url, "PUT", "/api/ai/admin/plans/starter", plan);
}

/** Has an endpoint told of the ends of jobs. @returns what takes it away again */
export async function registerEndpoint(api: string, url: string): Promise<() => Promise<unknown>> {
  const path = "/api/ai/webhooks";
  const made = await askApi(api, "POST", path, { url, events: ["job.completed"] });
  const { id } = (await made.json()) as { id: string };
  return () => askApi(api, "DELETE", `${path}/${id}`);
}

/** @throws where it is refused */
async function askApi(api: string, method: string, path: string, body?: object): Promise<Response> {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: { ...authorization, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}
