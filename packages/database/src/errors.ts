import { types } from "node:util";
import pg from "pg";

/**
 * Who is at fault where Postgres has not done what it was asked.
 *
 * - `data`: the values of this one request. Nothing was written, and trying again changes nothing.
 * - `ours`: the statement. A migration that is under way may mend it.
 * - `away`: nobody here. Wait, keep what was paid, try again: a write may have been committed all the same, so what is tried
 *   again must be safe to run twice.
 */
export type DatabaseFault = "data" | "ours" | "away";

/**
 * SQLSTATE classes, by appendix A of Postgres' manual. All that is not named is `away`: of some 250 codes nobody can list those
 * that pass by themselves, and a job that waits for nothing is found by the alert, while one that is given up is lost.
 */
const faultOfClass: Readonly<Record<string, DatabaseFault>> = {
  // Cardinality, a value, a constraint, a program's limit, and what our own triggers raise.
  21: "data",
  22: "data",
  23: "data",
  54: "data",
  P0: "data",
  // Syntax or access, and what is not supported.
  42: "ours",
  "0A": "ours",
};

/** A serialization failure, a deadlock, a statement that was cancelled: they pass when it is tried again at once. */
const passing = new Set(["40001", "40P01", "57014"]);

/** Errors without an SQLSTATE that came from a connection to Postgres: nothing in them says so. */
const fromConnection = new WeakSet<Error>();

/** Remembers of an error that it came from a connection to Postgres. */
export function noteFromConnection(error: unknown): void {
  if (types.isNativeError(error)) fromConnection.add(error);
}

/** Remembers the same of whatever is thrown by a promise of a connection; anything else is handed on. */
export function notingFaults<Asked>(asked: Asked): Asked {
  if (asked instanceof Promise) asked.catch(noteFromConnection);
  return asked;
}

/** SQLSTATE of an error of Postgres, also where Prisma has wrapped it; undefined where the server has not answered. */
export function sqlState(error: unknown): string | undefined {
  for (let e = error; types.isNativeError(e); e = e.cause) {
    const code = e instanceof pg.DatabaseError ? e.code : wrappedState(e);
    if (code !== undefined) return code;
  }
  return undefined;
}

/** One write that Postgres refuses again and again, while it takes those of others. */
export class NotStorableError extends Error {
  readonly sqlState: string;

  constructor(cause: unknown) {
    const state = sqlState(cause) ?? "";
    super(`Postgres refuses this write and takes others (${state}).`, { cause });
    this.sqlState = state;
  }
}

/** Undefined for what is no error of Postgres. */
export function databaseFault(error: unknown): DatabaseFault | undefined {
  if (error instanceof NotStorableError) return "data";
  const state = sqlState(error);
  if (state !== undefined) return faultOfClass[state.slice(0, 2)] ?? "away";
  if (!types.isNativeError(error)) return undefined;
  // A question that its types should have kept from being asked.
  if (error.name === "PrismaClientValidationError") return "ours";
  // "There is no such row" is an answer.
  if ("code" in error && error.code === "P2025") return undefined;
  return fromConnection.has(error) || /^(PrismaClient|DriverAdapterError)/.test(error.name)
    ? "away"
    : undefined;
}

/** Whether an error says that Postgres could not be asked, or did not finish. */
export function isDatabaseAway(error: unknown): boolean {
  return databaseFault(error) === "away";
}

/** Whether a statement that stands alone may be tried again at once. */
export function passesAtOnce(error: unknown): boolean {
  return passing.has(sqlState(error) ?? "");
}

/**
 * Whether a statement has failed for a reason that may lie in one of its items: what Postgres, which answers, says of its data, or
 * what is not known to concern all (connections, resources, the server as a whole); or a value that can't be sent at all.
 */
export function mayBeOneItems(error: unknown): boolean {
  const [fault, state] = [databaseFault(error), sqlState(error)];
  if (fault === undefined) return types.isNativeError(error) && error.name === "TypeError";
  return state !== undefined && fault !== "ours" && !/^(08|25|28|3D|40|53|55|57|58)/.test(state);
}

/** What Prisma's adapter for pg keeps of the server's answer. */
interface AdapterCause {
  cause?: { originalCode?: unknown };
}

/** Prisma hands the adapter's error on under `meta`; out of a transaction of its own it comes bare. */
function wrappedState(error: Error): string | undefined {
  const { meta } = error as { meta?: { driverAdapterError?: AdapterCause } };
  const adapterError =
    error.name === "DriverAdapterError" ? (error as AdapterCause) : meta?.driverAdapterError;
  const code = adapterError?.cause?.originalCode;
  return typeof code === "string" ? code : undefined;
}
