import { type Database, loadStatement } from "@understudy/database";

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
 * Remembers finished steps and shares their insights, in one statement and once, however often it is tried.
 * @param steps each key of a job once
 * @returns for each the result that was remembered first; undefined where the attempt was fenced off, and nothing was
 *   written
 */
export async function rememberSteps(
  database: Database,
  steps: readonly FinishedStep[],
): Promise<(unknown | undefined)[]> {
  const keyOf = ({ jobId, key }: { jobId: string; key: string }) => `${jobId} ${key}`;
  const write = (written: readonly FinishedStep[]) =>
    database.execute<{ jobId: string; key: string; result: unknown }>(rememberStatement, written);
  const results = new Map((await write(steps)).map((row) => [keyOf(row), row.result]));
  // Committed by another delivery of the attempt while this one waited for the job's lock: seen from here on.
  const unseen = steps.filter((step) => results.get(keyOf(step)) === null);
  if (unseen.length > 0) for (const row of await write(unseen)) results.set(keyOf(row), row.result);
  return steps.map((step) => results.get(keyOf(step)));
}
