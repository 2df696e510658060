import type { Job } from "@understudy/contracts";
import { type Database, openDatabase } from "@understudy/database";
import type { RunningRedis } from "@understudy/local-services";
import { type ServiceProcess, spawnService } from "./service-process.ts";
import { createTestDatabase } from "./test-database.ts";
import { addRule, startTestEmulator } from "./test-emulator.ts";
import { startTestRedis } from "./test-redis.ts";
import { watchAnswers } from "./watch-answers.ts";

export interface StackOptions {
  /** Worker processes; 1 unless given. */
  workers?: number;
  /** Whether Redis keeps what was written over a restart. */
  persistentRedis?: boolean;
  /** Of the API and the workers, beside what they need; also made from what was started for them. */
  environment?:
    | Record<string, string>
    | ((services: Pick<Stack, "databaseUrl" | "redis">) => Record<string, string>);
  /** The emulator's own date, as ISO 8601; today unless given. */
  emulatorDate?: string;
  /** Of Redis, beside the defaults, such as a `tls-port`. */
  redisSettings?: Record<string, string>;
  /** Another Redis than one of the stack's own, such as a pair; whoever has started it removes it. */
  redis?: RunningRedis;
  /** Another Postgres than the run's own, for tests that crash it. */
  postgresUrl?: string;
  /** The checkout whose sources API and workers run from; this one's build unless given. */
  root?: string;
}

/** Everything that `npm start` starts, on services of the test's own. */
export interface Stack {
  url: string;
  emulatorUrl: string;
  adminKey: string;
  database: Database;
  databaseUrl: string;
  redis: RunningRedis;
  api: ServiceProcess;
  workers: ServiceProcess[];
  /** Starts one more worker. @param more settings of this one */
  addWorker(more?: Record<string, string>): Promise<ServiceProcess>;
  /** Starts one more API, on a port of its own. @param more settings of this one */
  addApi(more?: Record<string, string>): Promise<ServiceProcess>;
  /** Starts an API anew that has ended, on the same port; the first unless given. */
  restartApi(ended?: ServiceProcess): Promise<ServiceProcess>;
  /** A request with the admin key. `path` begins with `/`. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Submits a job and gives its id. */
  submit(agent: string, body: object): Promise<string>;
  job(id: string): Promise<Job>;
  /** Adds a rule to the emulator; see `apps/gemini-emulator`. */
  rule(rule: object): Promise<void>;
  /** From now on the emulator answers as it does by itself. */
  dropRules(): Promise<void>;
  /** @throws where an answer of the API that the test has had is not as its OpenAPI document says */
  stop(): Promise<void>;
}

/** Of tests and benchmarks; worth nothing. */
export const testAdminKey = "us_test_admin_0123456789abcdefghijklmnop";

/** Secrets of tests and benchmarks are encrypted under it, and worth nothing. */
export const testSecretsKeys = `test:${Buffer.alloc(32, "understudy").toString("base64")}`;

/** What API and workers need to run on services of a test's own. */
export function serviceSettings(services: {
  databaseUrl: string;
  redisUrl: string;
  emulatorUrl: string;
}): Record<string, string> {
  return {
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    GEMINI_BASE_URL: services.emulatorUrl,
    GEMINI_API_KEY: "emulator",
    UNDERSTUDY_ADMIN_KEY: testAdminKey,
    UNDERSTUDY_SECRETS_KEYS: testSecretsKeys,
    WEBHOOK_ALLOW_PRIVATE: "1",
  };
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const [testDatabase, redis, emulator] = await Promise.all([
    createTestDatabase(options.postgresUrl),
    options.redis ?? startTestRedis(options.persistentRedis, options.redisSettings),
    startTestEmulator(options.emulatorDate),
  ]);
  const environment = {
    ...serviceSettings({
      databaseUrl: testDatabase.url,
      redisUrl: redis.url,
      emulatorUrl: emulator.url,
    }),
    ...(typeof options.environment === "function"
      ? options.environment({ databaseUrl: testDatabase.url, redis })
      : options.environment),
  };
  const database = openDatabase(testDatabase.url, 4);
  const [api, ...workers] = await Promise.all([
    spawnService("api", { ...environment, PORT: "0" }, options.root),
    ...Array.from({ length: options.workers ?? 1 }, () => spawnService("worker", environment, options.root)),
  ]);
  const url = String(api.details.url);
  const endWatches = [await watchAnswers(url)];
  const otherApis: ServiceProcess[] = [];

  const stack: Stack = {
    url,
    emulatorUrl: emulator.url,
    adminKey: testAdminKey,
    database,
    databaseUrl: testDatabase.url,
    redis,
    api,
    workers,
    async addWorker(more = {}) {
      const worker = await spawnService("worker", { ...environment, ...more }, options.root);
      workers.push(worker);
      return worker;
    },
    async addApi(more = {}) {
      const other = await spawnService("api", { ...environment, ...more, PORT: "0" }, options.root);
      otherApis.push(other);
      endWatches.push(await watchAnswers(String(other.details.url)));
      return other;
    },
    async restartApi(ended = stack.api) {
      const again = await spawnService(
        "api",
        { ...environment, PORT: String(ended.details.port) },
        options.root,
      );
      if (ended === stack.api) stack.api = again;
      else otherApis.push(again);
      return again;
    },
    request: (method, path, body, headers = {}) =>
      fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${testAdminKey}`,
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    async submit(agent, body) {
      const response = await stack.request("POST", `/api/ai/agents/${agent}/jobs`, body);
      const answer = (await response.json()) as { id: string };
      if (response.status !== 202)
        throw new Error(`Not accepted: ${response.status} ${JSON.stringify(answer)}`);
      return answer.id;
    },
    async job(id) {
      return (await (await stack.request("GET", `/api/ai/jobs/${id}`)).json()) as Job;
    },
    async dropRules() {
      await fetch(`${emulator.url}/_emulator/rules`, { method: "DELETE" });
    },
    rule: (rule) => addRule(emulator.url, rule),
    async stop() {
      await Promise.all([stack.api, ...otherApis, ...workers].map((process) => process.stop()));
      await Promise.all([emulator.stop(), options.redis || redis.remove(), database.close()]);
      await testDatabase.drop();
      for (const endWatch of endWatches) await endWatch();
    },
  };
  return stack;
}
