import type { Database } from "../database.ts";
import { loadStatement } from "../statement.ts";

const statement = loadStatement(new URL("./changed-states.sql", import.meta.url));

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
  return database.execute(statement, watched);
}
