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
  stack = await startStack({ persistentRedis: true, emulatorDate: "2026-11-29" });
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
      "✓ models",
      "! gemini     the emulator answers",
      "✓ gemini     draft, check, offer, caption, explain, summary: gemini-3.5-flash-lite answers",
      "✓ gemini     embed: gemini-embedding-2 is there",
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
      expect.stringContaining("models: GEMINI_MODEL: gemini-unknown has no price or is not registered"),
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
      expect(await failures(settings)).toContain("gemini: models.list is answered 403");
      const lists = asked.filter((request) => request.startsWith("/v1/models?pageSize=1 "));
      expect(lists.sort()).toEqual(["/v1/models?pageSize=1 one", "/v1/models?pageSize=1 two"]);
    } finally {
      server.close();
    }
  });

  it("says which model answers for a role, in Google's words which does not, and who answered in its place", async () => {
    const { prisma } = stack.database;
    const gone = { code: 404, status: "NOT_FOUND", message: "This model is no longer available." };
    const lite = { model: "gemini-3.5-flash-lite" };
    try {
      await stack.rule({ match: lite, respond: { status: 404, json: { error: gone } } });
      const { code, output } = await doctor([]);
      expect(output).toMatch(
        /! gemini {5}draft, .*: gemini-3\.1-flash-lite answers; gemini-3\.5-flash-lite does not: 404 NOT_FOUND/,
      );
      expect(code).toBe(0);
      await stack.rule({ match: {}, respond: { status: 403, text: "API key not valid." } });
      expect(await failures({})).toEqual([
        expect.stringMatching(
          /^gemini: draft, .*: no model answers\. .*404 NOT_FOUND.*; .* 403 PERMISSION_DENIED/,
        ),
      ]);
      await stack.dropRules();

      // Who answers in its place from a date that has passed is known, who does so unannounced is not.
      await prisma.roleModels.updateMany({
        where: { role: "draft" },
        data: { models: ["gemini-3.7-flash"] },
      });
      const routed = await doctor([]);
      expect(routed.output).toContain("✓ gemini     draft: gemini-3.7-flash answers, as gemini-3.8-flash");
      await prisma.model.updateMany({ where: { model: "gemini-3.7-flash" }, data: { routedTo: null } });
      const unannounced = await doctor([]);
      expect(unannounced.output).toContain(
        "! gemini     draft: gemini-3.7-flash answers, as gemini-3.8-flash",
      );
      expect(unannounced.output).toContain(
        "npm run models -- set gemini-3.7-flash --routed-to gemini-3.8-flash",
      );
    } finally {
      await stack.dropRules();
      await prisma.model.updateMany({
        where: { model: "gemini-3.7-flash" },
        data: { routedTo: "gemini-3.8-flash" },
      });
      const models = ["gemini-3.5-flash-lite", "gemini-3.1-flash-lite"];
      await prisma.roleModels.updateMany({ where: { role: "draft" }, data: { models } });
    }
  });

  it("warns of a model of a role that will end, and fails where a role has none", async () => {
    const { prisma } = stack.database;
    const lite = { where: { model: "gemini-3.5-flash-lite" } };
    try {
      await prisma.model.updateMany({
        ...lite,
        data: { retiresAt: new Date(Date.now() + 13.5 * 86_400_000) },
      });
      const { code, output } = await doctor([]);
      expect(output).toMatch(
        /! models {5}gemini-3\.5-flash-lite retires at .*, in 14 days: it answers for draft, check/,
      );
      expect(code).toBe(0);
      await prisma.roleModels.updateMany({
        where: { role: "check" },
        data: { models: ["gemini-2.0-flash-exp"] },
      });
      expect(await failures({})).toEqual([
        expect.stringContaining("models: role check: none of gemini-2.0-flash-exp is registered"),
        expect.stringContaining("gemini: check: no model answers"),
      ]);
    } finally {
      await prisma.model.updateMany({ ...lite, data: { retiresAt: null } });
      const models = ["gemini-3.5-flash-lite", "gemini-3.1-flash-lite"];
      await prisma.roleModels.updateMany({ where: { role: "check" }, data: { models } });
    }
  });

  it("asks Gemini itself for models only, and sends real requests where that is said", async () => {
    // A proxy that does not pass on who answers stands for Gemini itself.
    const silent = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", async () => {
        const { method = "GET", url = "/" } = request;
        requests.push(`${method} ${url}`);
        const answer = await fetch(`${stack.emulatorUrl}${url}`, {
          method,
          headers: { "content-type": "application/json", "x-goog-api-key": "emulator" },
          ...(method === "POST" && { body: Buffer.concat(chunks).toString() }),
        });
        response.writeHead(answer.status, { "content-type": "application/json" });
        response.end(await answer.text());
      });
    });
    const requests: string[] = [];
    await new Promise<void>((listening) => silent.listen(0, "127.0.0.1", listening));
    const through = { GEMINI_BASE_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` };
    try {
      const free = await doctor([], through);
      expect(free.output).toContain("is asked for models only; --live sends each a real request");
      expect(free.output).toContain("explain, summary: gemini-3.5-flash-lite is there");
      expect(requests.filter((request) => request.startsWith("POST"))).toEqual([]);
      const live = await doctor(["--live"], through);
      expect(live.output).toContain("some thousandths of a cent each");
      expect(live.output).toContain("explain, summary: gemini-3.5-flash-lite answers");
      const calls = () => requests.filter((request) => request.startsWith("POST"));
      expect(calls()).toHaveLength(2);
      // A role with safety settings of its own sends other requests.
      const safety = { check: { HARM_CATEGORY_HARASSMENT: "BLOCK_NONE" } };
      const apart = await doctor(["--live"], {
        ...through,
        GEMINI_SAFETY_SETTINGS: JSON.stringify(safety),
      });
      expect(apart.output).toContain("✓ gemini     check: gemini-3.5-flash-lite answers");
      expect(calls()).toHaveLength(2 + 4);
    } finally {
      silent.close();
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
      await set("SET timezone = 'UTC'");
      expect(await failures(throughPooler)).toEqual(lacks);
      await set("SET enable_seqscan = off");
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
