import type { Database } from "../database.ts";
import { loadStatement } from "../statement.ts";

const rememberStatement = loadStatement(new URL("./remember-step.sql", import.meta.url));

/** A finished step of an attempt, and the insight that it shares. */
export interface FinishedStep {
  jobId: string;
  /** The fencing number. */
  attempt: number;
  key: string;
  /** Whose step it is. */
  agentId: string;
  result: object;
  insight?: SharedInsight;
}

export interface SharedInsight {
  id: string;
  scope: "creator" | "everyone";
  fanId?: string | undefined;
  type: string;
  confidence: number;
  text: string;
  data: object;
  expiresAt?: Date | undefined;
}

/**
 * Remembers a finished step and shares its insight, in one statement and once, however often it is tried.
 * @returns the result that was remembered first; undefined where the attempt was fenced off, and nothing was written
 */
export async function rememberStep(database: Database, step: FinishedStep): Promise<unknown | undefined> {
  const write = () => database.execute<{ result: unknown }>(rememberStatement, [step]);
  const [row] = await write();
  if (!row || row.result !== null) return row?.result;
  // Committed by another delivery of the attempt while this one waited for the job's lock: seen from here on.
  const [seen] = await write();
  return seen?.result;
}
