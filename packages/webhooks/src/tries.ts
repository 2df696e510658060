import { type Database, loadStatement } from "@understudy/database";
import type { ReleasedDelivery } from "./publishing.ts";

const toTryStatement = loadStatement(new URL("./deliveries-to-try.sql", import.meta.url));
const recordStatement = loadStatement(new URL("./record-tries.sql", import.meta.url));

/** A delivery in the hands of a worker, with its event and its endpoint. */
export interface DeliveryToTry extends ReleasedDelivery {
  eventId: string;
  type: string;
  /** Null for job.*: what is told is the job itself. */
  payload: unknown;
  eventAt: Date;
  jobId: string | null;
  endpointId: string;
  url: string;
  /** As it is stored: encrypted. */
  secret: Buffer;
  secretKeyId: string;
  /** That before a rotation, as long as it signs as well. */
  previousSecret: Buffer | null;
  previousSecretKeyId: string | null;
  /** W3C trace context of the request that its job came with, where that was traced. */
  traceparent: string | null;
}

/** One try, and what follows from it. */
export interface TryRecord extends ReleasedDelivery {
  at: Date;
  ms: number;
  httpStatus?: number;
  error?: string;
  body?: string;
  outcome: "delivered" | "pending" | "failed";
  /** Where it is pending. */
  nextTryAt?: Date;
  /** Of an event that was sent for trying the endpoint: that it fails disables nothing. */
  isTest: boolean;
  /** The endpoint wants no more. */
  gone: boolean;
  /** How long all tries may fail before the endpoint is disabled. */
  disableAfterSeconds: number;
}

/** What the tries need to know; undefined for each that was made already, or is void. */
export async function deliveriesToTry(
  database: Database,
  released: ReleasedDelivery[],
): Promise<(DeliveryToTry | undefined)[]> {
  const rows = await database.execute<DeliveryToTry>(toTryStatement, released);
  const found = new Map(rows.map((row) => [row.id, row]));
  return released.map(({ id }) => found.get(id));
}

/** Writes tries down, in one transaction; the endpoints that were disabled for them. Safe to run twice. */
export function recordTries(
  database: Database,
  tries: TryRecord[],
): Promise<{ endpointId: string; disabledReason: string }[]> {
  return database.execute(recordStatement, tries);
}
