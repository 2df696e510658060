import type { DispatchableJob } from "@understudy/contracts";
import { type Database, loadStatement, newId } from "@understudy/database";
import { AttemptWriter } from "./attempt-writer.ts";
import type { AttemptName, FinishedStep, JobEnd } from "./attempt-writes.ts";
import type { CallAnswer, CallIntent, OpenCall, ProviderWords, SettledCall } from "./call.ts";
import type { NotOpened } from "./call-opening.ts";
import { loseCall } from "./ending.ts";
import { toPost } from "./posting.ts";
import { PriceBook } from "./price-book.ts";
import { ReroutedAlert } from "./rerouted-alert.ts";

const giveUpStatement = loadStatement(new URL("./give-up-calls.sql", import.meta.url));
const releaseStatement = loadStatement(new URL("./release-job-holds.sql", import.meta.url));
const wakeStatement = loadStatement(new URL("./wake-waiting-jobs.sql", import.meta.url));

export interface LedgerOptions {
  /** What all creators together may spend in a month, in USD; no bound unless given. */
  platformQuotaUsd?: string | undefined;
  /** Hears of creators whose jobs wait for room, when some of theirs is given back. */
  onRoom?: (creatorId: string) => void;
  /** How long an answer may wait for what its attempt writes next; 50 ms unless given. */
  answerWaitMs?: number;
}

/** The life of a call's money: open before the request, end after it, give up when the answer is lost. */
export class Ledger {
  readonly prices: PriceBook;
  readonly #database: Database;
  readonly #platformQuotaUsd: string | undefined;
  readonly #writer: AttemptWriter;

  constructor(
    database: Database,
    { platformQuotaUsd, onRoom = () => {}, answerWaitMs = 50 }: LedgerOptions = {},
  ) {
    this.#database = database;
    this.#platformQuotaUsd = platformQuotaUsd;
    this.prices = new PriceBook(database);
    const rerouted = new ReroutedAlert(database);
    this.#writer = new AttemptWriter(database, this.prices, {
      terms: { platformQuotaUsd },
      onRoom,
      answerWaitMs,
      onRerouted: (call, answer, settlement) => rerouted.tell(call, answer, settlement),
    });
  }

  /** The id of a call that is to be opened. */
  newCallId(): string {
    return newId("call");
  }

  /**
   * Writes the call down and reserves its hold, where there is room for it; with it what its attempt has kept.
   * @throws also where Postgres refuses some of that for its data
   */
  openCall(intent: CallIntent): Promise<OpenCall | NotOpened> {
    return this.#writer.open(intent);
  }

  /**
   * Ends a call: settles it at its real cost, or releases it, with what its attempt writes next, or alone a moment later. The answer
   * is paid for: should Postgres be away, it is kept, and tried again until Postgres is back.
   * @returns once that is written
   * @throws where Postgres refuses the answer for its data: its cost is written all the same, without its words. The attempt hears
   *   of it by what it writes next as well
   */
  endCall(call: OpenCall, answer: CallAnswer): Promise<SettledCall> {
    return this.#writer.keepAnswer(call, answer);
  }

  /** Has a finished step remembered with what its attempt writes next, if the job is its own yet. */
  keepStep(step: FinishedStep): void {
    this.#writer.keepStep(step);
  }

  /**
   * Writes what an attempt has kept, however long it takes: before it gives its job back.
   * @throws where Postgres refuses some of it for its data: all else is written
   */
  writeKept(attempt: AttemptName): Promise<void> {
    return this.#writer.writeKept(attempt);
  }

  /**
   * Ends a job, with what its attempt has kept: gives back what it holds, and leaves word in the outbox, in one transaction.
   * @returns false where its attempt was fenced off
   * @throws also where Postgres refuses some of that for its data
   */
  endJob(end: JobEnd): Promise<boolean> {
    return this.#writer.end(end);
  }

  /** Writes all that is kept. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  /**
   * Notes of a call whose answer was lost what is known of its usage (the least that it can have cost), and what the
   * provider said of that. It stays open until its deadline; that of a cancelled one is over now, since nobody listens for its answer any more.
   */
  loseCall(
    id: string,
    lost: { usage?: unknown; words?: ProviderWords; isCancelled: boolean },
  ): Promise<void> {
    return loseCall(this.#database, id, lost);
  }

  /** Gives up calls past their deadline as unknown, `limit` at most; those given up. */
  giveUpCalls(limit: number): Promise<{ id: string; creatorId: string; holdUsd: string }[]> {
    return this.#database.execute(giveUpStatement, toPost([{ limit }]));
  }

  /**
   * Gives back what jobs that run no more still hold: those of `jobIds`, else any, `limit` at most.
   * @returns which, and how much
   */
  releaseJobHolds(
    limit: number,
    jobIds?: string[],
  ): Promise<{ id: string; creatorId: string; releasedUsd: string }[]> {
    return this.#database.execute(releaseStatement, toPost([{ jobIds, limit }]));
  }

  /**
   * Lets jobs go on that wait for room, as many as there is room for: of those creators, else of all.
   * @returns jobs to be dispatched under their new generation, `limit` a creator at most
   */
  wakeWaitingJobs(limit: number, creatorIds?: string[]): Promise<DispatchableJob[]> {
    return this.#database.execute(wakeStatement, [
      { creatorIds, limit, platformQuotaUsd: this.#platformQuotaUsd },
    ]);
  }
}
