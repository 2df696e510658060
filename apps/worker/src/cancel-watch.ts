import { cancelledJobs, type Database } from "@understudy/database";
import type { JobCancellations } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import { repeat } from "./repeat.ts";

/** Where Redis does not tell it. */
const lookMs = 1_000;

/** Tells the attempts of this process that their jobs were cancelled. */
export interface CancelWatch {
  /**
   * Calls `onCancelled` when the job is cancelled, once: at once by Redis, or within two seconds by a look into
   * Postgres. The answer stops that.
   */
  watch(jobId: string, onCancelled: () => void): () => void;
  stop(): Promise<void>;
}

interface CancelWatchDependencies {
  database: Database;
  cancellations: JobCancellations;
  logger: Logger;
}

export function startCancelWatch({ database, cancellations, logger }: CancelWatchDependencies): CancelWatch {
  const watched = new Map<string, () => void>();
  /** Those that were there at the last look, too: what ends sooner is asked about never. */
  let seen: ReadonlySet<string> = new Set();

  const looking = repeat(async () => {
    const ids = [...watched.keys()];
    const lasting = ids.filter((id) => seen.has(id));
    seen = new Set(ids);
    if (lasting.length > 0) await look(lasting);
    return { pauseMs: lookMs };
  });

  async function look(ids: string[]): Promise<void> {
    try {
      for (const id of await cancelledJobs(database, ids)) watched.get(id)?.();
    } catch (err) {
      logger.warn({ err }, "could not look for cancelled jobs, and will again");
    }
  }

  return {
    watch(jobId, onCancelled) {
      const stopListening = cancellations.on(jobId, onCancelled);
      watched.set(jobId, onCancelled);
      return () => {
        stopListening();
        // The same job may have been handed out twice.
        if (watched.get(jobId) === onCancelled) watched.delete(jobId);
      };
    },
    stop: () => looking.stop(),
  };
}
