import { z } from "zod";

/** The worker's environment; .env.example tells of each. */
export const environment = z
  .object({
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    REDIS_URL: z.url({ protocol: /^rediss?$/ }),
    GEMINI_API_KEY: z.string(),
    GEMINI_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
    GEMINI_MODEL: z.string().default("gemini-2.5-flash"),
    /** Replaces each agent's own number of jobs at once. */
    WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(2000).optional(),
    /** Replaces each agent's own longest attempt. */
    WORKER_ATTEMPT_SECONDS: z.coerce.number().positive().max(3600).optional(),
    WORKER_STOP_SECONDS: z.coerce.number().min(0).max(600).default(20),
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  })
  .transform((env) => ({
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    gemini: { apiKey: env.GEMINI_API_KEY, ...(env.GEMINI_BASE_URL && { baseUrl: env.GEMINI_BASE_URL }) },
    defaultModel: env.GEMINI_MODEL,
    concurrency: env.WORKER_CONCURRENCY,
    attemptSeconds: env.WORKER_ATTEMPT_SECONDS,
    /** How long jobs under way may go on after the signal to stop, before they are given back. */
    stopSeconds: env.WORKER_STOP_SECONDS,
    logLevel: env.LOG_LEVEL,
  }));

export type WorkerConfig = z.infer<typeof environment>;
