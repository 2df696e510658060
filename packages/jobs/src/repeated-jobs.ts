import type { AcceptedJob } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";

const findStatement = loadStatement(new URL("./find-repeated-jobs.sql", import.meta.url));
const noteStatement = loadStatement(new URL("./note-admissions.sql", import.meta.url));

/** An idempotency key, and whose it is. */
export interface IdempotencyKey {
  /** Stays the same when an API key is rotated. */
  ownerId: string;
  key: string;
}

/** The job that an idempotency key stands for. */
export interface RepeatedJob extends IdempotencyKey {
  /** Of the request that made it. */
  fingerprint: string;
  /** As the first answer told it; null where its process died before that. */
  admission: AcceptedJob["admission"] | null;
  id: string;
  agent: string;
  creatorId: string;
  createdAt: Date;
  notBefore: Date | null;
}

/** What keys stand for; undefined for each that is new, or older than 24 hours. */
export async function findRepeatedJobs(
  database: Database,
  keys: readonly IdempotencyKey[],
): Promise<(RepeatedJob | undefined)[]> {
  const rows = await database.execute<RepeatedJob>(
    findStatement,
    keys.map(({ ownerId, key }) => ({ ownerId, key })),
  );
  const found = new Map(rows.map((row) => [nameOfKey(row), row]));
  return keys.map((key) => found.get(nameOfKey(key)));
}

/** Notes what first answers said beside their jobs. */
export async function noteAdmissions(
  database: Database,
  answers: readonly (IdempotencyKey & { jobId: string; admission: AcceptedJob["admission"] })[],
): Promise<void> {
  await database.execute(noteStatement, answers);
}

/** Tells keys apart, whatever they hold. */
export function nameOfKey({ ownerId, key }: IdempotencyKey): string {
  return JSON.stringify([ownerId, key]);
}
