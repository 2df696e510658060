import { type Database, loadStatement } from "@understudy/database";

const changedStatement = loadStatement(new URL("./changed-states.sql", import.meta.url));
const stoppedStatement = loadStatement(new URL("./stopped-attempts.sql", import.meta.url));

const ownStatement = loadStatement(new URL("./own-attempts.sql", import.meta.url));

/** A job as it was last seen; undefined before the first look. */
export interface WatchedJob {
  id: string;
  seen: string | undefined;
}

/** Of watched jobs those whose status, attempt or reason to wait has changed; `state` is what to give back as `seen`. */
export function changedStates(
  database: Database,
  watched: WatchedJob[],
): Promise<{ id: string; state: string }[]> {
  return database.execute(changedStatement, watched);
}

/** Of attempts under way in a process, those that are their jobs' own no more: cancelled, or taken over. */
export function stoppedAttempts(
  database: Database,
  attempts: readonly { id: string; attempt: number }[],
): Promise<{ id: string; isCancelled: boolean }[]> {
  return database.execute(stoppedStatement, attempts);
}

/** Attempts that Postgres says a process has under way. @param workerId the name of its lease */
export function ownAttempts(
  database: Database,
  workerId: string,
): Promise<{ id: string; attempt: number }[]> {
  return database.execute(ownStatement, [{ workerId }]);
}
