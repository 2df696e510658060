/** SQLSTATE of a Postgres error, also where Prisma has wrapped it. */
function sqlState(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ("code" in e && typeof e.code === "string") return e.code;
  }
  return undefined;
}

const awayMessages =
  /Connection terminated|is not queryable|timeout exceeded when trying to connect|Query read timeout|timeout expired|Can't reach database server|Connection ended/;
const awaySocketCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/**
 * Whether an error says that Postgres could not be asked, or did not finish: try again later. A write may
 * have been committed all the same, so what is tried again must be safe to run twice.
 */
export function isDatabaseAway(error: unknown): boolean {
  const code = sqlState(error);
  if (code !== undefined) {
    // Classes 08 connection, 53 resources, 57 operator intervention (shutdown, timeout); 40 serialization. 25P03:
    // a transaction that was left idle for too long.
    if (/^((08|53|57|40)[0-9A-Z]{3}|25P03)$/.test(code) || awaySocketCodes.has(code)) return true;
    // Prisma: P1001 can't reach, P1002 timed out, P1008 operation timed out, P1017 closed, P2024 pool.
    if (/^P(1001|1002|1008|1017|2024)$/.test(code)) return true;
  }
  return error instanceof Error && awayMessages.test(error.message);
}

/**
 * Whether a statement was refused for its data (SQLSTATE classes 22 and 23, and P0001 of our triggers):
 * nothing was written.
 */
export function isConstraintViolation(error: unknown): boolean {
  return /^(2[23][0-9A-Z]{3}|P0001)$/.test(sqlState(error) ?? "");
}
