import { parseEnvironment } from "@understudy/service";
import { z } from "zod";

const flag = z.enum(["0", "1", "true", "false"]).transform((value) => value === "1" || value === "true");

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
  EMULATOR_DATE: z
    .union(
      [z.iso.date(), z.iso.datetime({ offset: true })],
      "must be a date or a time, such as 2026-12-01 or 2026-12-01T08:00:00Z",
    )
    .transform((text) => new Date(text))
    .optional(),
  EMULATOR_LENIENT: flag.default(false),
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
  /** The moment that it always is; without it the real date. */
  date: Date | undefined;
  /** Takes what Google refuses. */
  lenient: boolean;
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
    date: read.EMULATOR_DATE,
    lenient: read.EMULATOR_LENIENT,
  };
}
