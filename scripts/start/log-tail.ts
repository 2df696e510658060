const LINES_MAX = 12;
const PINO_ERROR = 50;

/** The end of a service's log for a person: of JSON lines only the errors, as "message: cause". */
export function explainLog(log: string): string {
  const lines = log
    .trimEnd()
    .split("\n")
    .filter((line) => line.trim() !== "");
  const errors = lines.map(readError).filter((line) => line !== undefined);
  const shown = errors.length > 0 ? errors.slice(-3) : lines.slice(-LINES_MAX);
  return shown.map((line) => `  ${line}`).join("\n");
}

function readError(line: string): string | undefined {
  try {
    const { level, msg, err } = JSON.parse(line) as {
      level?: number;
      msg?: string;
      err?: { message?: string };
    };
    if (level === undefined || level < PINO_ERROR) return undefined;
    return [msg, err?.message].filter(Boolean).join(": ");
  } catch {
    return undefined;
  }
}
