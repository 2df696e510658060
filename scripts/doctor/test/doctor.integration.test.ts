import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Stack, startStack, testSecretsKeys } from "@understudy/testkit";
import { Redis } from "ioredis";
import { runCommandWith } from "../../client/test/run-command.ts";
import type { Finding } from "../finding.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ persistentRedis: true });
});
afterAll(() => stack?.stop());

/** The command as an operator runs it. */
async function doctor(args: string[], more: Record<string, string> = {}) {
  const environment = {
    DATABASE_URL: stack.databaseUrl,
    REDIS_URL: stack.redis.url,
    UNDERSTUDY_ADMIN_KEY: stack.adminKey,
    UNDERSTUDY_SECRETS_KEYS: testSecretsKeys,
    GEMINI_API_KEY: "emulator",
    GEMINI_BASE_URL: stack.emulatorUrl,
    UNDERSTUDY_URL: stack.url,
    ...more,
  };
  return await runCommandWith(environment, "doctor", ...args);
}

async function failures(more: Record<string, string>): Promise<string[]> {
  const { code, output } = await doctor(["--json"], more);
  expect(code).toBe(1);
  const report = JSON.parse(output) as { ok: boolean; findings: Finding[] };
  expect(report.ok).toBe(false);
  const failed = report.findings.filter(({ status }) => status === "fail");
  for (const { todo } of failed) expect(todo).toBeTruthy();
  return failed.map(({ check, message }) => `${check}: ${message}`);
}

describe("npm run doctor", () => {
  it("finds nothing wrong with a deployment that works, and says that the emulator answers", async () => {
    const { code, output } = await doctor([]);
    expect(output).toMatch(/, 0 failed/);
    for (const line of [
      "✓ migrations",
      "✓ prices",
      "! gemini     the emulator answers",
      "✓ worker",
      "takes the admin key",
    ])
      expect(output).toContain(line);
    expect(output).not.toContain(stack.adminKey);
    expect(code).toBe(0);
  });

  it("says what is wrong with each setting, and checks the others all the same", async () => {
    expect(
      await failures({
        REDIS_URL: "https://eu1-cat.upstash.io",
        UNDERSTUDY_SECRETS_KEYS: "k1:short",
        GEMINI_MODEL: "gemini-unknown",
      }),
    ).toEqual([
      expect.stringContaining("settings: REDIS_URL"),
      expect.stringContaining("settings: UNDERSTUDY_SECRETS_KEYS"),
      "prices: gemini-unknown has none, so its jobs are refused",
      expect.stringContaining("gemini: gemini-unknown answers 404"),
    ]);
  });

  it("asks Gemini at the version of the API that is set, with each key", async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.url} ${request.headers["x-goog-api-key"]}`);
      response.writeHead(request.headers["x-goog-api-key"] === "two" ? 403 : 200).end("{}");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    try {
      const settings = {
        GEMINI_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        GEMINI_API_KEY: "one, two",
        GEMINI_API_VERSION: "v1",
      };
      expect(await failures(settings)).toContain("gemini: gemini-3.5-flash-lite answers 403");
      const path = "/v1/models/gemini-3.5-flash-lite:countTokens";
      expect(asked).toEqual([`${path} one`, `${path} two`]);
    } finally {
      server.close();
    }
  });

  it("sees a pooler whose sessions are in another time zone than UTC, or have no time-outs", async () => {
    const name = new URL(stack.databaseUrl).pathname.slice(1);
    const set = (settings: string) =>
      stack.database.prisma.$executeRawUnsafe(`ALTER DATABASE ${name} ${settings}`);
    const throughPooler = {
      DATABASE_URL: `${stack.databaseUrl}?pgbouncer=true`,
      DATABASE_DIRECT_URL: stack.databaseUrl,
    };
    const lacks = ["postgres: the pooler's sessions lack their settings"];
    expect(await failures(throughPooler)).toEqual(lacks);
    try {
      await set("SET statement_timeout = '12s'");
      await set("SET idle_in_transaction_session_timeout = '10s'");
      await set("SET jit = off");
      await set("SET timezone = 'Europe/Berlin'");
      expect(await failures(throughPooler)).toEqual(lacks);
      await set("SET timezone = 'UTC'");
      expect(await doctor([], throughPooler)).toMatchObject({ code: 0 });
    } finally {
      await set("RESET ALL");
    }
  });

  it("checks each line of Hardening, and fails in production for what a leaked key could do without end", async () => {
    const { output } = await doctor([], {
      CREATE_UNKNOWN_CREATORS: "0",
      METRICS_TOKEN: "sixteen letters at least",
    });
    for (const line of [
      "✓ hardening  spending has a bound, whoever has a key",
      "✓ hardening  webhooks go to public addresses only",
      "✓ hardening  metrics want a token",
      "✓ hardening  the API is asked on this machine",
      "✓ hardening  no proxy stands before the API",
      "✓ hardening  Bull Board only shows",
      "✓ hardening  metrics are not shown to strangers",
      "! hardening  the role of DATABASE_URL owns the audit log",
    ])
      expect(output).toContain(line);
    const production = {
      NODE_ENV: "production",
      WEBHOOK_ALLOW_PRIVATE: "1",
      BULL_BOARD_WRITE: "1",
      TRUST_PROXY: "0",
    };
    expect(await failures(production)).toEqual([
      "hardening: a key that leaks can create creators, and spend, without end",
      "hardening: webhooks may go to private addresses",
      "hardening: metrics are shown to whatever asks from the machine itself, a proxy on it too",
    ]);
    const bounded = {
      NODE_ENV: "production",
      PLATFORM_QUOTA_USD: "100",
      METRICS_TOKEN: "sixteen letters at least",
    };
    expect(await doctor([], bounded)).toMatchObject({ code: 0 });
    expect(await failures({ ...bounded, UNDERSTUDY_URL: "http://api.example.invalid" })).toEqual([
      expect.stringContaining("api: http://api.example.invalid does not answer"),
      "hardening: http://api.example.invalid is reached without TLS: keys and messages can be read on the way",
    ]);
  });

  it("sees a Redis that evicts, a database that is behind, another key, and that no worker is there", async () => {
    const redis = new Redis(stack.redis.url);
    await redis.config("SET", "maxmemory-policy", "allkeys-lru");
    const { prisma } = stack.database;
    await prisma.$executeRaw`UPDATE _prisma_migrations SET rolled_back_at = now()
      WHERE migration_name = (SELECT max(migration_name) FROM _prisma_migrations)`;
    await stack.workers[0]?.stop();
    try {
      expect(await failures({ UNDERSTUDY_ADMIN_KEY: "us_another_key_of_length" })).toEqual([
        expect.stringMatching(/^migrations: 1 not applied/),
        "redis: maxmemory-policy is allkeys-lru: it may drop jobs",
        "worker: none is connected to Redis",
        "api: answers 401 to the admin key",
      ]);
    } finally {
      await prisma.$executeRaw`UPDATE _prisma_migrations SET rolled_back_at = NULL`;
      await redis.config("SET", "maxmemory-policy", "noeviction");
      redis.disconnect();
    }
  });

  it("ends in time where nothing answers, one line for each", async () => {
    const nobody = "127.0.0.1:1";
    const found = await failures({
      DATABASE_URL: `postgres://u:hunter2@${nobody}/x`,
      REDIS_URL: `redis://${nobody}`,
      GEMINI_BASE_URL: `http://${nobody}`,
      UNDERSTUDY_URL: `http://${nobody}`,
    });
    expect(found.map((line) => line.split(":")[0])).toEqual(["postgres", "redis", "gemini", "api"]);
    expect(found.join()).not.toContain("hunter2");
  });

  it("explains itself", async () => {
    expect(await doctor(["--help"])).toMatchObject({
      code: 0,
      output: expect.stringContaining("--env-file"),
    });
    expect((await doctor(["--nonsense"])).code).toBe(2);
  });
});
