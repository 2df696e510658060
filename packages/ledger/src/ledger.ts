import type { DispatchableJob } from "@understudy/contracts";
import { type Database, loadStatement, newId } from "@understudy/database";
import type { CallAnswer, CallIntent, OpenCall, ProviderWords, SettledCall } from "./call.ts";
import type { CallOpening } from "./call-opening.ts";
import { CallEnder } from "./ending.ts";
import { CallOpener } from "./opening.ts";
import { toPost } from "./posting.ts";
import { PriceBook } from "./price-book.ts";

const giveUpStatement = loadStatement(new URL("./give-up-calls.sql", import.meta.url));
const releaseStatement = loadStatement(new URL("./release-job-holds.sql", import.meta.url));
const wakeStatement = loadStatement(new URL("./wake-waiting-jobs.sql", import.meta.url));

export interface LedgerOptions {
  /** What all creators together may spend in a month, in USD; no bound unless given. */
  platformQuotaUsd?: string | undefined;
  /** Hears of creators whose jobs wait for room, when some of theirs is given back. */
  onRoom?: (creatorId: string) => void;
}

/** The life of a call's money: open before the request, end after it, give up when the answer is lost. */
export class Ledger {
  readonly prices: PriceBook;
  readonly #database: Database;
  readonly #platformQuotaUsd: string | undefined;
  readonly #opener: CallOpener;
  readonly #ender: CallEnder;

  constructor(database: Database, { platformQuotaUsd, onRoom = () => {} }: LedgerOptions = {}) {
    this.#database = database;
    this.#platformQuotaUsd = platformQuotaUsd;
    this.prices = new PriceBook(database);
    this.#ender = new CallEnder(database, this.prices, onRoom);
    this.#opener = new CallOpener(database, { platformQuotaUsd }, (id) => {
      this.#ender.releaseUnheard(id).catch(() => {});
    });
  }

  /** The id of a call that is to be opened. */
  newCallId(): string {
    return newId("call");
  }

  /** Writes the call down and reserves its hold in one transaction, where there is room for it. */
  openCall(intent: CallIntent): Promise<CallOpening> {
    return this.#opener.open(intent);
  }

  /**
   * Ends a call: settles it at its real cost, or releases it. Safe to run twice. The answer is paid for:
   * should Postgres be away, it is kept, and tried again until Postgres is back.
   * @throws where Postgres refuses the answer for its data: its cost is written all the same, without its words
   */
  endCall(call: OpenCall, answer: CallAnswer): Promise<SettledCall> {
    return this.#ender.end(call, answer);
  }

  /**
   * Notes of a call whose answer was lost what is known of its usage (the least that it can have cost), and what the
   * provider said of that. It stays open until its deadline; that of a cancelled one is over now, since nobody listens for its answer any more.
   */
  loseCall(
    id: string,
    lost: { usage?: unknown; words?: ProviderWords; isCancelled: boolean },
  ): Promise<void> {
    return this.#ender.lose(id, lost);
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
