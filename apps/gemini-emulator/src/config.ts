import { parseEnvironment } from "@understudy/service";
import { z } from "zod";

const schema = z.object({
  EMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(3001),
  EMULATOR_HOST: z.string().default("127.0.0.1"),
  EMULATOR_ALLOWED_HOSTS: z
    .string()
    .default("")
    .transform((list) => list.split(",").flatMap((name) => name.trim().toLowerCase() || [])),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  EMULATOR_STATE_DIR: z.string().optional(),
  EMULATOR_LATENCY_MS: z.coerce.number().int().min(0).max(600_000).default(0),
});

export interface Config {
  /** 0: any free port. */
  port: number;
  host: string;
  /** Names by which it may be asked for beside its own, without ports. */
  allowedHosts: string[];
  logLevel: string;
  /** Where the bill survives a restart; without it the bill is in memory only. */
  stateDir: string | undefined;
  /** Added before each answer, in milliseconds. */
  latencyMs: number;
}

/** @throws one Error that names every variable that is wrong */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const read = parseEnvironment(schema, environment);
  return {
    port: read.EMULATOR_PORT,
    host: read.EMULATOR_HOST,
    allowedHosts: read.EMULATOR_ALLOWED_HOSTS,
    logLevel: read.LOG_LEVEL,
    stateDir: read.EMULATOR_STATE_DIR,
    latencyMs: read.EMULATOR_LATENCY_MS,
  };
}
