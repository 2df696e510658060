import { modelName, usd } from "@understudy/contracts";
import {
  adminKey,
  postgresUrl,
  processCount,
  providerExpectedAt,
  redisUrl,
  secretsKeys,
} from "@understudy/service";
import { tracingEnvironment, tracingSettings } from "@understudy/telemetry";
import { z } from "zod";
import { trustProxy } from "./http/trust-proxy.ts";
import { keyEnvironments } from "./keys/key-text.ts";

const flag = z.enum(["0", "1", "true", "false"]).transform((value) => value === "1" || value === "true");

/** The API's environment; .env.example tells of each. */
export const environment = z
  .object({
    DATABASE_URL: postgresUrl,
    REDIS_URL: redisUrl,
    PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
    HOST: z.string().default("127.0.0.1"),
    TRUST_PROXY: trustProxy.default(0),
    API_PROCESSES: processCount,
    API_DRAIN_SECONDS: z.coerce.number().min(0).max(300).default(0),
    UNDERSTUDY_ADMIN_KEY: adminKey,
    API_KEY_ENVIRONMENT: z.enum(keyEnvironments).default("live"),
    API_KEY_RATE: z.coerce.number().min(0.1).max(100_000).default(100),
    API_KEY_BURST: z.coerce.number().int().min(1).max(1_000_000).default(500),
    UNDERSTUDY_SECRETS_KEYS: secretsKeys,
    GEMINI_MODEL: modelName.optional(),
    GEMINI_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
    CREATE_UNKNOWN_CREATORS: flag.default(true),
    BULL_BOARD_WRITE: flag.default(false),
    LANE_MAX: z.coerce.number().int().min(1).max(10_000_000).default(100_000),
    PLATFORM_QUOTA_USD: usd.optional(),
    METRICS_TOKEN: z.string().min(16, "must have at least 16 characters").optional(),
    ...tracingEnvironment,
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  })
  .transform((env) => ({
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    port: env.PORT,
    host: env.HOST,
    trustProxy: env.TRUST_PROXY,
    /** How many processes share the port. */
    processes: env.API_PROCESSES,
    /** How long connections are still accepted when the API stops, for balancers to find out. */
    drainSeconds: env.API_DRAIN_SECONDS,
    adminKey: env.UNDERSTUDY_ADMIN_KEY,
    /** How keys begin that are made and taken here: `us_live_` or `us_test_`. */
    keyEnvironment: env.API_KEY_ENVIRONMENT,
    /** Requests a second, and at once, of each key. */
    keyRate: { perSecond: env.API_KEY_RATE, burst: env.API_KEY_BURST },
    /** Secrets at rest are encrypted under the first. */
    secretsKeys: env.UNDERSTUDY_SECRETS_KEYS,
    /** First in the text roles of all. */
    preferredModel: env.GEMINI_MODEL,
    /** Who will answer, as far as the settings tell; a job's first call says who really did. */
    expectedProvider: providerExpectedAt(env.GEMINI_BASE_URL),
    createUnknownCreators: env.CREATE_UNKNOWN_CREATORS,
    bullBoardWrite: env.BULL_BOARD_WRITE,
    /** Jobs of one creator that may wait in its lane. */
    laneMax: env.LANE_MAX,
    /** What all creators together may spend in a month. */
    platformQuotaUsd: env.PLATFORM_QUOTA_USD,
    /** Who scrapes /metrics must send it, where it is set. */
    metricsToken: env.METRICS_TOKEN,
    tracing: tracingSettings(env),
    logLevel: env.LOG_LEVEL,
  }));

export type ApiConfig = z.infer<typeof environment>;
