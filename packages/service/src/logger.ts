import { type Logger, pino, stdSerializers } from "pino";

export type { Logger };

/**
 * A JSON logger to standard output. Prompts, inputs, results, keys and secrets are never passed to it;
 * the redaction is the second line of defence.
 */
export function createLogger(name: string, level: string): Logger {
  return pino({
    name,
    level,
    base: { service: name, pid: process.pid },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { err: stdSerializers.errWithCause },
    redact: {
      paths: ["authorization", "cookie", "apiKey", "password", "input", "result", "prompt"].flatMap((key) => [
        key,
        `*.${key}`,
        `*.*.${key}`,
      ]),
      censor: "[redacted]",
    },
  });
}
