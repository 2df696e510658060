import { geminiApiVersions, modelName, usd } from "@understudy/contracts";
import { modelLimits, safetySettings } from "@understudy/gemini";
import {
  mayAllowPrivateWebhooks,
  postgresUrl,
  privateWebhooksFault,
  processCount,
  providerExpectedAt,
  redisUrl,
  secretsKeys,
} from "@understudy/service";
import { tracingEnvironment, tracingSettings } from "@understudy/telemetry";
import { z } from "zod";
import { concurrencyFor, heapBytesMax } from "./concurrency.ts";
import { duration, retrySchedule, standardSchedule } from "./webhooks/retry-schedule.ts";

const flag = z.enum(["0", "1", "true", "false"]).transform((value) => value === "1" || value === "true");

/** As other programs take it: without a protocol it is plain HTTP's. */
const proxyUrl = z
  .string()
  .transform((text) => (text.includes("://") ? text : `http://${text}`))
  .pipe(z.url({ protocol: /^https?$/ }))
  .optional();

/** The worker's environment; .env.example tells of each. */
export const environment = z
  .object({
    DATABASE_URL: postgresUrl,
    REDIS_URL: redisUrl,
    GEMINI_API_KEY: z.string(),
    GEMINI_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
    GEMINI_MODEL: modelName.optional(),
    GEMINI_LIMITS: modelLimits.optional(),
    GEMINI_API_VERSION: z.enum(geminiApiVersions).default("v1beta"),
    GEMINI_SAFETY_SETTINGS: safetySettings.optional(),
    HTTPS_PROXY: proxyUrl,
    HTTP_PROXY: proxyUrl,
    NO_PROXY: z.string().optional(),
    /** What is in small letters is other programs' name for the same, and comes before. */
    https_proxy: proxyUrl,
    http_proxy: proxyUrl,
    no_proxy: z.string().optional(),
    WORKER_PROCESSES: processCount,
    WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(2000).optional(),
    /** Replaces each agent's own longest attempt. */
    WORKER_ATTEMPT_SECONDS: z.coerce.number().positive().max(3600).optional(),
    WORKER_STOP_SECONDS: z.coerce.number().min(0).max(600).default(20),
    PLATFORM_QUOTA_USD: usd.optional(),
    UNDERSTUDY_SECRETS_KEYS: secretsKeys,
    WEBHOOK_ALLOW_PRIVATE: flag.default(false),
    WEBHOOK_RETRY_SCHEDULE: z.string().default(standardSchedule).pipe(retrySchedule),
    WEBHOOK_TIMEOUT: z.string().default("15s").pipe(duration),
    WEBHOOK_DISABLE_AFTER: z.string().default("5d").pipe(duration),
    RETENTION_DAYS: z.coerce.number().int().min(1).max(36_500).default(30),
    ALERT_SLACK_WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional(),
    ALERT_SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
    ALERT_EMAIL_TO: z
      .string()
      .transform((list) => list.split(",").map((address) => address.trim()))
      .pipe(z.array(z.email()))
      .optional(),
    ALERT_EMAIL_FROM: z.string().optional(),
    HOST: z.string().default("127.0.0.1"),
    METRICS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
    METRICS_TOKEN: z.string().min(16, "must have at least 16 characters").optional(),
    ...tracingEnvironment,
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  })
  .refine((env) => !env.ALERT_SMTP_URL || env.ALERT_EMAIL_TO, {
    path: ["ALERT_EMAIL_TO"],
    message: "is needed beside ALERT_SMTP_URL",
  })
  .refine((env) => !env.ALERT_EMAIL_TO || env.ALERT_SMTP_URL, {
    path: ["ALERT_SMTP_URL"],
    message: "is needed beside ALERT_EMAIL_TO",
  })
  .refine((env) => !env.WEBHOOK_ALLOW_PRIVATE || mayAllowPrivateWebhooks(env), {
    path: ["WEBHOOK_ALLOW_PRIVATE"],
    message: privateWebhooksFault,
  })
  .transform((env) => ({
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    gemini: {
      apiKey: env.GEMINI_API_KEY,
      apiVersion: env.GEMINI_API_VERSION,
      ...(env.GEMINI_BASE_URL && { baseUrl: env.GEMINI_BASE_URL }),
      ...(env.GEMINI_SAFETY_SETTINGS && { safetySettings: env.GEMINI_SAFETY_SETTINGS }),
      proxy: {
        httpsProxy: env.https_proxy ?? env.HTTPS_PROXY,
        httpProxy: env.http_proxy ?? env.HTTP_PROXY,
        noProxy: env.no_proxy ?? env.NO_PROXY,
      },
    },
    /** First in the text roles of all. */
    preferredModel: env.GEMINI_MODEL,
    modelLimits: env.GEMINI_LIMITS,
    /** How many workers run, each a process. */
    processes: env.WORKER_PROCESSES,
    /** Jobs at once in this process, of all agents together. */
    concurrency: env.WORKER_CONCURRENCY ?? concurrencyFor(heapBytesMax(env.WORKER_PROCESSES)),
    attemptSeconds: env.WORKER_ATTEMPT_SECONDS,
    /** How long jobs under way may go on after the signal to stop, before they are given back. */
    stopSeconds: env.WORKER_STOP_SECONDS,
    /** What all creators together may spend in a month. */
    platformQuotaUsd: env.PLATFORM_QUOTA_USD,
    webhooks: {
      secretsKeys: env.UNDERSTUDY_SECRETS_KEYS,
      allowPrivate: env.WEBHOOK_ALLOW_PRIVATE,
      schedule: env.WEBHOOK_RETRY_SCHEDULE,
      timeoutMs: env.WEBHOOK_TIMEOUT,
      disableAfterMs: env.WEBHOOK_DISABLE_AFTER,
      expectedProvider: providerExpectedAt(env.GEMINI_BASE_URL),
    },
    /** How long events and their deliveries are kept. */
    retentionDays: env.RETENTION_DAYS,
    alerts: {
      slackWebhookUrl: env.ALERT_SLACK_WEBHOOK_URL,
      ...(env.ALERT_SMTP_URL &&
        env.ALERT_EMAIL_TO && {
          email: { smtpUrl: env.ALERT_SMTP_URL, to: env.ALERT_EMAIL_TO, from: env.ALERT_EMAIL_FROM },
        }),
    },
    /** Where /metrics and /healthz are; nowhere unless a port is given. */
    ...(env.METRICS_PORT !== undefined && {
      metrics: { host: env.HOST, port: env.METRICS_PORT, token: env.METRICS_TOKEN },
    }),
    tracing: tracingSettings(env),
    logLevel: env.LOG_LEVEL,
  }));

export type WorkerConfig = z.infer<typeof environment>;
