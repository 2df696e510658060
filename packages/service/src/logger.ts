import { type LogFn, type Logger, pino } from "pino";
import { causeOf, RepeatedLines } from "./repeated-lines.ts";
import { serializeError } from "./serialize-error.ts";

export type { Logger };

/** Fields whose values no log may hold, at the first three levels of what is logged. */
const secretFields = [
  ...["authorization", "cookie", "apiKey", "key", "password", "secret", "token", "csrfToken"],
  ...["input", "result", "prompt", "text", "body", "metadata", "headers", "callbackUrl"],
];

/**
 * Of lines that say the same of what is usual, or of one job after the other, so many are written in ten
 * seconds: Postgres has what they tell.
 */
const usualMax = 50;

/** pino's numbers of levels. */
const levels = { warn: 40, error: 50 };

/**
 * A JSON logger to standard output. Prompts, inputs, results, keys and secrets are never passed to it; the
 * redaction is the second line of defence. Of lines about one fault (`err`) there is one in ten seconds, of
 * those below `warn` and warnings about jobs that say the same 50, with how many `repeats` were left out: no
 * fault fills a disk.
 * @param number of this process, where it is one of several of its app
 */
export function createLogger(name: string, level: string, number?: number): Logger {
  // Not pino's own destination: when whoever reads our output is gone it tries to write for ever, and the
  // process can't even stop. Without a reader there is nobody to tell.
  process.stdout.on("error", () => {});
  const repeated = new RepeatedLines();
  function note(fields: { err?: unknown; jobId?: unknown }, message: string | undefined, level: number) {
    const isAboutJob = fields.jobId !== undefined;
    if ("err" in fields) {
      // A job that has failed is looked for by its id.
      const about = level >= levels.error && isAboutJob ? String(fields.jobId) : "";
      return repeated.note(causeOf(message, fields.err) + about);
    }
    const isUsual = level < levels.warn || (level < levels.error && isAboutJob);
    return isUsual ? repeated.note(`${message}`, usualMax) : 0;
  }
  const options = {
    hooks: {
      logMethod(parts: Parameters<LogFn>, log: LogFn, level: number) {
        const [fields, message] = parts as unknown as [object, string | undefined];
        if (typeof fields !== "object" || fields === null) return log.apply(this as unknown as Logger, parts);
        const left = note(fields, message, level);
        if (left === undefined) return;
        const shown = left === 0 ? fields : { ...fields, repeats: left };
        log.apply(this as unknown as Logger, [shown, message] as unknown as Parameters<LogFn>);
      },
    },
    name,
    level,
    base: { service: name, pid: process.pid, ...(number !== undefined && { process: number }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { err: (error: unknown) => serializeError(error) },
    redact: {
      paths: secretFields.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
      censor: "[redacted]",
    },
  };
  return pino(options, process.stdout);
}
