import type { Database } from "@understudy/database";
import { ownAttempts, putOffJob, stoppedAttempts } from "@understudy/jobs";
import type { JobCancellations } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import { repeat } from "./repeat.ts";

/** Where Redis does not tell it. */
const lookMs = 1_000;

/** Why an attempt is to stop: the app wants no result any more, or others have the job, as if this worker had died. */
export type AttemptStop = "cancelled" | "taken_over";

/** Tells the attempts of this process that their jobs are their own no more. */
export interface AttemptWatch {
  /**
   * Calls `onStopped`, once: of a cancelled job at once by Redis, or within two seconds by a look into Postgres. The answer
   * stops that.
   */
  watch(job: { id: string; attempt: number }, onStopped: (why: AttemptStop) => void): () => void;
  /**
   * Says that a job is in the hands of this process, or that a claim of it is under way; the answer ends that. What Postgres says
   * is this process' own, and is in nobody's hands, is given back within two seconds: its claim was committed unheard.
   */
  hold(jobId: string): () => void;
  /** To be called when no attempt is under way: what Postgres still says is this process' own is given back. */
  stop(): Promise<void>;
}

interface AttemptWatchDependencies {
  database: Database;
  cancellations: JobCancellations;
  /** Name of this process' lease. */
  workerId: string;
  /** An attempt of this process was taken over. */
  onTakenOver: () => void;
  logger: Logger;
}

interface Watched {
  attempt: number;
  tell: (why: AttemptStop) => void;
}

export function startAttemptWatch({
  database,
  cancellations,
  workerId,
  onTakenOver,
  logger,
}: AttemptWatchDependencies): AttemptWatch {
  /** How often each job is in hand: two deliveries of one may be. */
  const inHand = new Map<string, number>();
  /** Attempts that were in nobody's hands at the last look, each as `id attempt`. */
  let strayed: ReadonlySet<string> = new Set();
  const watched = new Map<string, Watched>();
  /** Those that were there at the last look, too: what ends sooner is asked about never. */
  let seen: ReadonlySet<Watched> = new Set();

  const looking = repeat(async () => {
    const lasting = [...watched].filter(([, one]) => seen.has(one));
    seen = new Set(watched.values());
    if (lasting.length > 0) await look(lasting);
    await giveBackStray().catch((err: unknown) =>
      logger.warn({ err }, "could not look for stray attempts, and will again"),
    );
    return { pauseMs: lookMs };
  });

  async function look(lasting: [string, Watched][]): Promise<void> {
    try {
      const attempts = new Map(lasting);
      const known = lasting.map(([id, { attempt }]) => ({ id, attempt }));
      for (const { id, isCancelled } of await stoppedAttempts(database, known)) {
        // What ended meanwhile by itself was put off, not taken over.
        if (!isCancelled && watched.get(id) === attempts.get(id)) onTakenOver();
        attempts.get(id)?.tell(isCancelled ? "cancelled" : "taken_over");
      }
    } catch (err) {
      logger.warn({ err }, "could not look whether attempts are to stop, and will again");
    }
  }

  /** Twice seen, since what is claimed while the first look is under way is not in its sight. */
  async function giveBackStray(): Promise<void> {
    const own = await ownAttempts(database, workerId);
    const stray = own.filter(({ id }) => !inHand.has(id));
    const names = new Set(stray.map(({ id, attempt }) => `${id} ${attempt}`));
    const lost = stray.filter(({ id, attempt }) => strayed.has(`${id} ${attempt}`));
    strayed = names;
    for (const job of lost) await giveBack(job);
  }

  async function giveBack({ id, attempt }: { id: string; attempt: number }): Promise<void> {
    if (!(await putOffJob(database, { id, attempt, waitingFor: "worker", delayMs: 0, isTry: false }))) return;
    logger.warn({ jobId: id, attempt }, "a claim was committed unheard: its job is given back");
  }

  return {
    hold(jobId) {
      inHand.set(jobId, (inHand.get(jobId) ?? 0) + 1);
      return () => {
        const others = (inHand.get(jobId) ?? 1) - 1;
        if (others === 0) inHand.delete(jobId);
        else inHand.set(jobId, others);
      };
    },
    watch({ id, attempt }, onStopped) {
      let isTold = false;
      const one: Watched = {
        attempt,
        tell(why) {
          if (!isTold) onStopped(why);
          isTold = true;
        },
      };
      const stopListening = cancellations.on(id, () => one.tell("cancelled"));
      watched.set(id, one);
      return () => {
        stopListening();
        // A later attempt of the job may run here as well.
        if (watched.get(id) === one) watched.delete(id);
      };
    },
    async stop() {
      await looking.stop();
      // Best effort: where Postgres is away, the lease ends by itself.
      const own = await ownAttempts(database, workerId).catch(() => []);
      for (const job of own) await giveBack(job).catch(() => {});
    },
  };
}
