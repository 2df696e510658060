import type { Database } from "@understudy/database";
import type { Logger } from "@understudy/service";
import { repeat } from "../repeat.ts";
import { deleteOld } from "./delete-old.ts";

/** In one statement: short enough that nobody waits for it. */
const atOnce = 1_000;

/** While there is more, and when there is none. */
const pauseMs = { between: 100, idle: 60_000 };

interface RetentionDependencies {
  database: Database;
  /** How long events and their deliveries are kept. */
  days: number;
  logger: Logger;
}

/** Deletes what has been kept for long enough, little by little. Several workers at once share the work. */
export function startRetention({ database, days, logger }: RetentionDependencies): { stop(): Promise<void> } {
  return repeat(async () => {
    try {
      const deleted = await deleteOld(database, days, atOnce);
      const counts = Object.values(deleted);
      if (counts.some((count) => count > 0)) logger.info(deleted, "deleted what was kept for long enough");
      return { pauseMs: counts.some((count) => count === atOnce) ? pauseMs.between : pauseMs.idle };
    } catch (err) {
      logger.warn({ err }, "what is old was not deleted, and will be");
      return { pauseMs: pauseMs.idle };
    }
  });
}
