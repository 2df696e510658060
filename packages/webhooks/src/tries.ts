import { type Database, loadStatement } from "@understudy/database";

const claimStatement = loadStatement(new URL("./claim-deliveries.sql", import.meta.url));
const giveBackStatement = loadStatement(new URL("./give-back-deliveries.sql", import.meta.url));
const recordStatement = loadStatement(new URL("./record-tries.sql", import.meta.url));

/** One try of a delivery. It is void once the delivery has another generation, or more tries. */
export interface TryFence {
  id: string;
  generation: number;
  /** Those before this one. */
  tries: number;
}

/** A delivery in the hands of a worker, with its event and its endpoint. */
export interface DeliveryToTry extends TryFence {
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

/** What a worker takes at once. */
export interface ClaimBound {
  limit: number;
  /** How many each endpoint may have under way, of all workers together. */
  perEndpoint: number;
  /** And each of those whose tries fail. */
  perFailing: number;
  /** Who has not recorded a try by then has lost it to others. */
  leaseSeconds: number;
}

/** One try, and what follows from it. */
export interface TryRecord extends TryFence {
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

/** Takes deliveries whose time has come, as far as their endpoints have room. */
export function claimDeliveries(database: Database, bound: ClaimBound): Promise<DeliveryToTry[]> {
  return database.execute(claimStatement, [bound]);
}

/** Gives back what was claimed and is not tried; how many of them were still ours. */
export async function giveBackDeliveries(database: Database, claimed: TryFence[]): Promise<number> {
  return (await database.execute(giveBackStatement, claimed)).length;
}

/** Writes tries down, in one transaction; the endpoints that were disabled for them. Safe to run twice. */
export function recordTries(
  database: Database,
  tries: TryRecord[],
): Promise<{ endpointId: string; disabledReason: string }[]> {
  return database.execute(recordStatement, tries);
}
