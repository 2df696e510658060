import type { LaneTermsRow } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import type { RoomFigures } from "@understudy/ledger";
import type { IdempotencyKey } from "./repeated-jobs.ts";

const statement = loadStatement(new URL("./create-jobs.sql", import.meta.url));

export interface NewJob {
  id: string;
  agent: string;
  creatorId: string;
  /** Whether a creator that is not known yet is created, with the default plan. */
  createCreator: boolean;
  /** Whose request it is; none for the admin key. */
  apiKeyId?: string;
  fanId?: string;
  feature: string;
  model: string;
  input: object;
  /** Of the input as JSON, in UTF-8. */
  inputBytes: number;
  metadata?: Record<string, string>;
  /** Where its end is told, and the endpoint whose secret signs that. */
  callbackUrl?: string;
  callbackEndpointId?: string;
  priority: number;
  notBefore?: string;
  expiresAt?: string;
  /** W3C trace context of the request, where it is traced. */
  traceparent?: string;
  /** Worst case of all calls that the job can't do without, in USD. */
  requiredUsd: string;
  /** What all creators together may spend in a month, in USD. */
  platformQuotaUsd?: string | undefined;
  /** Under which a repeat of the request gets this job; `fingerprint` tells another request from it. */
  idempotency?: IdempotencyKey & { fingerprint: string };
}

/** What became of the wish to have a job written down, and the room that there was for it. */
export interface JobRecord extends RoomFigures {
  id: string;
  /**
   * Null where it was not written: its creator is neither known nor created, there is no room, or its idempotency key
   * stands for another job.
   */
  createdAt: Date | null;
  isKnown: boolean;
  /** Of its creator's lane. */
  terms: LaneTermsRow;
}

/** Writes jobs down in one transaction, those for which there is room. */
export async function createJobs(database: Database, jobs: NewJob[]): Promise<JobRecord[]> {
  const rows = await database.execute<JobRecord>(statement, jobs);
  const records = new Map(rows.map((row) => [row.id, row]));
  return jobs.map((job) => {
    const record = records.get(job.id);
    if (!record) throw new Error(`create-jobs.sql has no row for ${job.id}.`);
    return record;
  });
}
