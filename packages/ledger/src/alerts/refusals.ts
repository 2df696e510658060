import type { AlertType } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";

const statement = loadStatement(new URL("./raise-refusals.sql", import.meta.url));

const terms = {
  /** Requests of one model that are refused in the same way in an hour. */
  timesMin: 10,
  /** The end of an hour is looked at in the one after it, unless looking paused for longer than this. */
  lateSeconds: 600,
  /** How long a model is answered 429 alone before its account may be used up. */
  depletedSeconds: 900,
  /** The longest pause of a model that goes on being answered 429 (10 min), and a minute for the next call. */
  pauseSecondsMax: 660,
  lookBackSeconds: 3_600,
};

/** Raises alerts of what providers refuse: our key, whatever we ask, or a request that comes again and again. */
export function raiseRefusals(database: Database): Promise<{ type: AlertType; key: string }[]> {
  return database.execute(statement, [terms]);
}
