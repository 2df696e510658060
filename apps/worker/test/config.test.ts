import { getHeapStatistics } from "node:v8";
import { describe, expect, it } from "@jest/globals";
import { parseEnvironment } from "@understudy/service";
import { concurrencyFor } from "../src/concurrency.ts";
import { environment } from "../src/config.ts";

const needed = {
  DATABASE_URL: "postgres://127.0.0.1/x",
  REDIS_URL: "redis://127.0.0.1",
  GEMINI_API_KEY: "key",
  UNDERSTUDY_SECRETS_KEYS: `k1:${Buffer.alloc(32).toString("base64")}`,
};
const smtp = "smtp://user:hunter2@mail.test:587";
const parse = (more: Record<string, string>) => parseEnvironment(environment, { ...needed, ...more });

describe("the environment", () => {
  it("is all that is needed, with the rest by default", () => {
    const { webhooks, ...config } = parse({});
    expect(config).toEqual({
      databaseUrl: needed.DATABASE_URL,
      redisUrl: needed.REDIS_URL,
      gemini: { apiKey: "key", apiVersion: "v1beta", proxy: {} },
      preferredModel: undefined,
      modelLimits: undefined,
      concurrency: concurrencyFor(getHeapStatistics().heap_size_limit),
      processes: 1,
      attemptSeconds: undefined,
      stopSeconds: 20,
      platformQuotaUsd: undefined,
      retentionDays: 30,
      alerts: { slackWebhookUrl: undefined },
      tracing: undefined,
      logLevel: "info",
    });
    expect(webhooks).toMatchObject({
      allowPrivate: false,
      timeoutMs: 15_000,
      disableAfterMs: 5 * 86_400_000,
      expectedProvider: "gemini",
    });
    expect(webhooks.schedule).toHaveLength(9);
    expect(webhooks.secretsKeys).toBeDefined();
  });

  it("is taken as it is set", () => {
    const { webhooks, ...config } = parse({
      DATABASE_URL: "postgresql://127.0.0.1/y",
      REDIS_URL: "rediss://127.0.0.1",
      GEMINI_BASE_URL: "http://127.0.0.1:1",
      GEMINI_MODEL: "gemini-2.5-pro",
      WORKER_CONCURRENCY: "2000",
      WORKER_ATTEMPT_SECONDS: "2.5",
      WORKER_STOP_SECONDS: "0",
      PLATFORM_QUOTA_USD: "100",
      WEBHOOK_RETRY_SCHEDULE: "1s,2s",
      WEBHOOK_TIMEOUT: "3s",
      WEBHOOK_DISABLE_AFTER: "2h",
      RETENTION_DAYS: "1",
      METRICS_PORT: "0",
      METRICS_TOKEN: "a token of 16 ch",
      HOST: "0.0.0.0",
      LOG_LEVEL: "warn",
    });
    expect(config).toMatchObject({
      databaseUrl: "postgresql://127.0.0.1/y",
      redisUrl: "rediss://127.0.0.1",
      gemini: { apiKey: "key", baseUrl: "http://127.0.0.1:1" },
      preferredModel: "gemini-2.5-pro",
      concurrency: 2_000,
      attemptSeconds: 2.5,
      stopSeconds: 0,
      platformQuotaUsd: "100",
      retentionDays: 1,
      metrics: { host: "0.0.0.0", port: 0, token: "a token of 16 ch" },
      logLevel: "warn",
    });
    expect(webhooks).toMatchObject({
      schedule: [1_000, 2_000],
      timeoutMs: 3_000,
      disableAfterMs: 7_200_000,
      expectedProvider: "emulator",
    });
    expect(parse({ METRICS_PORT: "65535" }).metrics).toEqual({
      host: "127.0.0.1",
      port: 65_535,
      token: undefined,
    });
  });

  it("says how Gemini is asked: the version, what it may block, and the way there", () => {
    const { gemini } = parse({
      GEMINI_API_KEY: "one,two",
      GEMINI_API_VERSION: "v1",
      GEMINI_SAFETY_SETTINGS: '{"check": {"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"}}',
      HTTPS_PROXY: "http://user:hunter2@proxy.test:3128",
      HTTP_PROXY: "proxy.test:3128",
      NO_PROXY: ".svc",
    });
    expect(gemini).toEqual({
      apiKey: "one,two",
      apiVersion: "v1",
      safetySettings: { check: { HARM_CATEGORY_HARASSMENT: "BLOCK_NONE" } },
      proxy: {
        httpsProxy: "http://user:hunter2@proxy.test:3128",
        httpProxy: "http://proxy.test:3128",
        noProxy: ".svc",
      },
    });
    const small = { https_proxy: "http://a.test", http_proxy: "http://b.test", no_proxy: "c.test" };
    const large = { HTTPS_PROXY: "http://x.test", HTTP_PROXY: "http://y.test", NO_PROXY: "z.test" };
    expect(parse({ ...small, ...large }).gemini.proxy).toEqual({
      httpsProxy: "http://a.test",
      httpProxy: "http://b.test",
      noProxy: "c.test",
    });
  });

  it.each([
    ["GEMINI_API_VERSION", "v2", /v1beta/],
    ["GEMINI_SAFETY_SETTINGS", "BLOCK_NONE", /GEMINI_SAFETY_SETTINGS: is no JSON/],
    ["GEMINI_SAFETY_SETTINGS", '{"*": {"HARM_CATEGORY_HARASSMENT": "LOW"}}', /BLOCK_ONLY_HIGH/],
    ["HTTPS_PROXY", "socks5://user:hunter2@proxy.test", /HTTPS_PROXY/],
  ])("is refused where %s is %j, without its value", (name, value, fault) => {
    expect(() => parse({ [name]: value })).toThrow(fault);
    expect(() => parse({ [name]: value })).not.toThrow("hunter2");
  });

  it.each([
    ["1", true],
    ["true", true],
    ["0", false],
    ["false", false],
  ])("lets webhooks go to private addresses where it says so: %s", (flag, isAllowed) => {
    const here = { GEMINI_BASE_URL: "http://127.0.0.1:3001" };
    expect(parse({ ...here, WEBHOOK_ALLOW_PRIVATE: flag }).webhooks.allowPrivate).toBe(isAllowed);
  });

  it("lets no webhook go to private addresses where others reach the API, or Gemini itself answers", () => {
    const emulator = { GEMINI_BASE_URL: "http://127.0.0.1:3001" };
    const isRefused = (more: Record<string, string>) =>
      expect(() => parse({ WEBHOOK_ALLOW_PRIVATE: "1", ...more })).toThrow("WEBHOOK_ALLOW_PRIVATE: ");
    isRefused({});
    for (const HOST of ["0.0.0.0", "::", "10.0.0.7", "api.example.com", "127.0.0.1.example.com"])
      isRefused({ ...emulator, HOST });
    for (const HOST of ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
      expect(parse({ WEBHOOK_ALLOW_PRIVATE: "1", ...emulator, HOST }).webhooks.allowPrivate).toBe(true);
    expect(parse({ HOST: "0.0.0.0" }).webhooks.allowPrivate).toBe(false);
  });

  it.each([
    ["DATABASE_URL", "mysql://127.0.0.1/x"],
    ["DATABASE_URL", "xpostgres://127.0.0.1/x"],
    ["DATABASE_URL", "postgresqlx://127.0.0.1/x"],
    ["REDIS_URL", "http://127.0.0.1"],
    ["REDIS_URL", "xredis://127.0.0.1"],
    ["REDIS_URL", "redissx://127.0.0.1"],
    ["GEMINI_BASE_URL", "ftp://127.0.0.1"],
    ["GEMINI_BASE_URL", "xhttp://127.0.0.1"],
    ["GEMINI_BASE_URL", "httpsx://127.0.0.1"],
    ["WORKER_CONCURRENCY", "0"],
    ["WORKER_CONCURRENCY", "2001"],
    ["WORKER_CONCURRENCY", "1.5"],
    ["WORKER_ATTEMPT_SECONDS", "0"],
    ["WORKER_ATTEMPT_SECONDS", "3601"],
    ["WORKER_STOP_SECONDS", "-1"],
    ["WORKER_STOP_SECONDS", "601"],
    ["WEBHOOK_ALLOW_PRIVATE", "yes"],
    ["RETENTION_DAYS", "0"],
    ["RETENTION_DAYS", "36501"],
    ["RETENTION_DAYS", "1.5"],
    ["METRICS_PORT", "-1"],
    ["METRICS_PORT", "65536"],
    ["METRICS_PORT", "1.5"],
    ["METRICS_TOKEN", "fifteen letters"],
    ["LOG_LEVEL", "loud"],
    ["ALERT_SMTP_URL", "xsmtp://mail.test"],
    ["ALERT_SLACK_WEBHOOK_URL", "xhttps://hooks.slack.test"],
  ])("is refused by name where it can't be: %s=%s", (name, value) => {
    expect(() => parse({ [name]: value })).toThrow(`${name}: `);
  });

  it("takes the largest and the smallest that it may", () => {
    const most = { WORKER_ATTEMPT_SECONDS: "3600", WORKER_STOP_SECONDS: "600", RETENTION_DAYS: "36500" };
    expect(parse(most)).toMatchObject({ attemptSeconds: 3_600, stopSeconds: 600, retentionDays: 36_500 });
    expect(parse({ WORKER_CONCURRENCY: "1" }).concurrency).toBe(1);
  });

  it.each(["trace", "debug", "info", "warn", "error", "fatal", "silent"])("may log from %s on", (level) => {
    expect(parse({ LOG_LEVEL: level }).logLevel).toBe(level);
  });
});

describe("where alerts are told", () => {
  it("is the log alone by default", () => {
    expect(parse({ ALERT_SLACK_WEBHOOK_URL: "" }).alerts).toEqual({ slackWebhookUrl: undefined });
  });

  it("is Slack, where it is named", () => {
    const slackWebhookUrl = "https://hooks.slack.test/x";
    expect(parse({ ALERT_SLACK_WEBHOOK_URL: slackWebhookUrl }).alerts).toEqual({ slackWebhookUrl });
  });

  it("names who sends it, where operators say so", () => {
    const more = {
      ALERT_SMTP_URL: "smtps://mail.test",
      ALERT_EMAIL_TO: "a@x.test",
      ALERT_EMAIL_FROM: "b@x.test",
    };
    expect(parse(more).alerts.email).toMatchObject({ smtpUrl: "smtps://mail.test", from: "b@x.test" });
  });

  it("is read with a list of recipients", () => {
    expect(parse({ ALERT_SMTP_URL: smtp, ALERT_EMAIL_TO: "a@x.test, b@x.test" }).alerts.email).toEqual({
      smtpUrl: smtp,
      to: ["a@x.test", "b@x.test"],
    });
  });

  it.each([
    [{ ALERT_SMTP_URL: smtp }, "ALERT_EMAIL_TO: is needed beside ALERT_SMTP_URL"],
    [{ ALERT_EMAIL_TO: "a@x.test" }, "ALERT_SMTP_URL: is needed beside ALERT_EMAIL_TO"],
    [{ ALERT_SMTP_URL: "http://mail.test", ALERT_EMAIL_TO: "a@x.test" }, "ALERT_SMTP_URL: "],
    [{ ALERT_SMTP_URL: smtp, ALERT_EMAIL_TO: "a@x.test,nobody" }, "ALERT_EMAIL_TO.1: "],
    [{ ALERT_SLACK_WEBHOOK_URL: "hooks.slack.test" }, "ALERT_SLACK_WEBHOOK_URL: "],
  ])("is refused in one line: %j", (more, line) => {
    const refused = () => parse(more);
    expect(refused).toThrow(line);
    expect(refused).not.toThrow(/hunter2/);
    expect(refused).not.toThrow(/\n.*\n/);
  });
});

describe("Gemini's limits", () => {
  it("are none by default, and read by model", () => {
    expect(parse({ GEMINI_LIMITS: "" }).modelLimits).toBeUndefined();
    const { modelLimits } = parse({ GEMINI_LIMITS: "gemini-2.5-flash=1000rpm/2000000tpm" });
    expect(modelLimits?.get("gemini-2.5-flash")).toEqual({
      requestsPerMinute: 1000,
      tokensPerMinute: 2_000_000,
    });
  });

  it("are refused in one line that says how they look", () => {
    const refused = () => parse({ GEMINI_LIMITS: "gemini-2.5-flash=fast" });
    expect(refused).toThrow("GEMINI_LIMITS: must be like gemini-3.5-flash-lite=1000rpm/2000000tpm");
    expect(refused).not.toThrow(/\n.*\n/);
  });
});
