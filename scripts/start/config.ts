import {
  mayAllowPrivateWebhooks,
  namesUpstashRest,
  parseEnvironment,
  privateWebhooksFault,
  upstashAdvice,
} from "@understudy/service";
import { z } from "zod";

const port = z.coerce.number().int().min(0).max(65_535);

const schema = z.object({
  DATABASE_URL: z.string().optional(),
  DATABASE_DIRECT_URL: z.string().optional(),
  REDIS_URL: z.string().optional(),
  UPSTASH_REDIS_REST_URL: z.string().optional(),
  UPSTASH_REDIS_REST_TOKEN: z.string().optional(),
  GEMINI_API_KEY: z.string().optional(),
  GEMINI_BASE_URL: z.url().optional(),
  GEMINI_MODEL: z.string().optional(),
  HOST: z.string().default("127.0.0.1"),
  PORT: port.optional(),
  EMULATOR_PORT: port.optional(),
  UNDERSTUDY_ADMIN_KEY: z.string().optional(),
  UNDERSTUDY_SECRETS_KEYS: z.string().optional(),
  /** Webhooks may go to this machine and its networks: what is tried here has its receiver here. */
  WEBHOOK_ALLOW_PRIVATE: z.enum(["0", "1", "true", "false"]).optional(),
  /** How long the worker's jobs may go on when it is told to stop; the worker keeps to it itself. */
  WORKER_STOP_SECONDS: z.coerce.number().min(0).default(20),
  LOG_LEVEL: z.string().default("info"),
  /** Set by npm for what it runs. */
  npm_lifecycle_event: z.string().optional(),
});

const withQueues = schema
  .refine((env) => !namesUpstashRest(env), { path: ["REDIS_URL"], message: upstashAdvice })
  .refine((env) => !isOn(env.WEBHOOK_ALLOW_PRIVATE) || isForTryingOut(env), {
    path: ["WEBHOOK_ALLOW_PRIVATE"],
    message: privateWebhooksFault,
  });

const isOn = (flag: string | undefined) => flag === "1" || flag === "true";

/** Nobody but this machine reaches the API, and an emulator answers. */
function isForTryingOut(config: StartConfig): boolean {
  const GEMINI_BASE_URL = needsEmulator(config) ? "http://127.0.0.1" : config.GEMINI_BASE_URL;
  return mayAllowPrivateWebhooks({ HOST: config.HOST, GEMINI_BASE_URL });
}

/** Whether webhooks may go to this machine and its networks: as it says, else where it is tried out. */
export function allowsPrivateWebhooks(config: StartConfig): boolean {
  return config.WEBHOOK_ALLOW_PRIVATE === undefined
    ? isForTryingOut(config)
    : isOn(config.WEBHOOK_ALLOW_PRIVATE);
}

/** What `npm start` takes from the environment; what is unset, it sets up itself. */
export type StartConfig = z.infer<typeof schema>;

/** @throws one Error that names every variable that is wrong */
export function readStartConfig(environment: Record<string, string | undefined>): StartConfig {
  return parseEnvironment(withQueues, environment);
}

/** Whether Gemini is played by the emulator that is started beside. */
export function needsEmulator(config: StartConfig): boolean {
  return config.GEMINI_API_KEY === undefined && config.GEMINI_BASE_URL === undefined;
}

/** By when an app that was told to stop has done so; later it must be hanging. */
export function stopSecondsMax(config: StartConfig): number {
  return config.WORKER_STOP_SECONDS + 20;
}
