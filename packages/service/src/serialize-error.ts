/** Of causes and of errors in errors, which may go round in a circle. */
const depthMax = 4;
const errorsMax = 5;

/** What errors carry that says what went wrong and quotes nobody. */
const shownFields = [
  "code",
  "errno",
  "syscall",
  "address",
  "port",
  "status",
  "statusCode",
  "severity",
  "schema",
  "table",
  "column",
  "constraint",
  "routine",
];

/**
 * An error for the log. Libraries put what they worked on into their errors: Postgres the row, Prisma the arguments,
 * Redis the command, JSON.parse the text. So fields are shown that can't quote, and messages of errors that may do so
 * are left out.
 */
export function serializeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const fields = error as unknown as Record<string, unknown>;
  const causes = error instanceof AggregateError ? error.errors.slice(0, errorsMax) : [];
  return {
    type: error.name,
    message: mayQuote(error) ? "left out: it may quote what was worked on" : error.message,
    stack: framesOf(error),
    ...Object.fromEntries(
      shownFields.filter((name) => isPlain(fields[name])).map((name) => [name, fields[name]]),
    ),
    ...whatServersSaid(error),
    ...(depth < depthMax && error.cause !== undefined && { cause: serializeError(error.cause, depth + 1) }),
    ...(depth < depthMax &&
      causes.length > 0 && { errors: causes.map((each) => serializeError(each, depth + 1)) }),
  };
}

function mayQuote(error: Error): boolean {
  const { code } = error as { code?: unknown };
  // SQLSTATE classes 22 (a value) and 23 (a constraint).
  const isAboutData = typeof code === "string" && /^2[23][0-9A-Z]{3}$/.test(code);
  return isAboutData || error instanceof SyntaxError || /^(Prisma|Zod|\$Zod|ReplyError)/.test(error.name);
}

/**
 * What quotes nobody of a server's own words: the first word of Redis (READONLY, OOM, LOADING), and the SQLSTATE of Postgres also
 * where Prisma has wrapped it.
 */
function whatServersSaid(error: Error): { redis?: string; sqlState?: string } {
  const { name, message } = error;
  const redis = /^(ReplyError|ParserError)$/.test(name) ? /\b[A-Z]{2,}\b/.exec(message)?.[0] : undefined;
  const { meta, severity, code } = error as {
    meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } };
    severity?: unknown;
    code?: unknown;
  };
  const state = severity === undefined ? meta?.driverAdapterError?.cause?.originalCode : code;
  return {
    ...(redis !== undefined && { redis }),
    ...(typeof state === "string" && /^[0-9A-Z]{5}$/.test(state) && { sqlState: state }),
  };
}

/** Where it came from, without the message, which may have several lines. */
function framesOf({ stack = "" }: Error): string {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .join("\n");
}

function isPlain(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number";
}
