import { type Logger, pino } from "pino";
import { serializeError } from "./serialize-error.ts";

export type { Logger };

/** Fields whose values no log may hold, at the first three levels of what is logged. */
const secretFields = [
  ...["authorization", "cookie", "apiKey", "key", "password", "secret", "token", "csrfToken"],
  ...["input", "result", "prompt", "text", "body", "metadata", "headers", "callbackUrl"],
];

/**
 * A JSON logger to standard output. Prompts, inputs, results, keys and secrets are never passed to it;
 * the redaction is the second line of defence.
 */
export function createLogger(name: string, level: string): Logger {
  // Not pino's own destination: when whoever reads our output is gone it tries to write for ever, and the
  // process can't even stop. Without a reader there is nobody to tell.
  process.stdout.on("error", () => {});
  const options = {
    name,
    level,
    base: { service: name, pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { err: (error: unknown) => serializeError(error) },
    redact: {
      paths: secretFields.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
      censor: "[redacted]",
    },
  };
  return pino(options, process.stdout);
}
