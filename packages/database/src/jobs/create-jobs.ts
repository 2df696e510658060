import type { Database } from "../database.ts";
import { loadStatement } from "../statement.ts";

const statement = loadStatement(new URL("./create-jobs.sql", import.meta.url));

export interface NewJob {
  id: string;
  agent: string;
  creatorId: string;
  /** Whether a creator that is not known yet is created, with the default plan. */
  createCreator: boolean;
  fanId?: string;
  feature: string;
  model: string;
  input: object;
  metadata?: Record<string, string>;
  priority: number;
  notBefore?: string;
  expiresAt?: string;
}

export interface JobRecord {
  id: string;
  createdAt: Date;
}

/**
 * Writes jobs down in one transaction.
 * @returns for each its record; undefined where its creator is neither known nor to be created
 */
export async function createJobs(database: Database, jobs: NewJob[]): Promise<(JobRecord | undefined)[]> {
  const rows = await database.execute<JobRecord>(statement, jobs);
  const records = new Map(rows.map((row) => [row.id, row]));
  return jobs.map((job) => records.get(job.id));
}
