import { setTimeout as sleep } from "node:timers/promises";
import {
  type Database,
  databaseFault,
  groupCommit,
  isDatabaseAway,
  jobLinger,
  loadStatement,
  untilDatabaseAnswers,
} from "@understudy/database";
import { openAccounts } from "./accounts.ts";
import type { AttemptName, AttemptWrite, AttemptWritten, FinishedStep, JobEnd } from "./attempt-writes.ts";
import type { CallAnswer, CallIntent, OpenCall, SettledCall } from "./call.ts";
import type { NotOpened } from "./call-opening.ts";
import { type CallEnd, callEndOf, unsentEnd } from "./ending.ts";
import { type KeptAnswer, KeptOfAttempts } from "./kept-writes.ts";
import { isMissingAccounts, isWorthAnother, newCallOf, readOpening } from "./opening.ts";
import { type PostingTerms, toPost } from "./posting.ts";
import type { PriceBook } from "./price-book.ts";
import type { Settlement } from "./settlement.ts";

export const writeAttempts = loadStatement(new URL("./write-attempts.sql", import.meta.url));

const groupMax = 200;

/** Accounts that were missing are there the second time, unless a month has begun meanwhile. */
const asksMax = 3;

/** Longer together than the 12 s (`statement_timeout`) after which Postgres ends a statement that waits. */
const unheardTries = 11;
const unheardPauseMs = 2_000;

interface AttemptWriterOptions {
  terms: PostingTerms;
  /** Hears of creators whose jobs wait for room, when some of theirs is given back. */
  onRoom: (creatorId: string) => void;
  /** How long an answer may wait for what its attempt writes next. */
  answerWaitMs: number;
  /** Hears of answers of models that were not asked, once they are written; never throws. */
  onRerouted: (call: OpenCall, answer: CallAnswer, settlement: Settlement) => Promise<void>;
}

/** What an attempt writes now, beside what is kept of it. */
interface Wish extends AttemptName {
  answers?: CallEnd[];
  open?: AttemptWrite["open"];
  end?: AttemptWrite["end"];
}

/** Whether something else stood in its batch. */
type Written = AttemptWritten & { inCompany: boolean };

/** A wish with what is kept of its attempt. */
interface Filled {
  item: AttemptWrite;
  settled: { kept: KeptAnswer; settlement: Settlement }[];
  /** Takes out of what is kept what has been written. */
  forget(): void;
}

/**
 * Writes what attempts have to say, of many in one commit. Answers and steps are kept until their attempt opens its next call or
 * ends its job: an answer for a moment, then it is written alone; a step, which is found again for nothing, until then.
 * Where Postgres is away, what is kept stays so, and is tried again until it answers.
 */
export class AttemptWriter {
  readonly #database: Database;
  readonly #prices: PriceBook;
  readonly #options: AttemptWriterOptions;
  readonly #kept = new KeptOfAttempts();
  // What a job holds may change with each write of it.
  readonly #writeTogether = groupCommit(
    groupMax,
    (wish: Wish) => wish.jobId,
    (wishes) => this.#write(wishes),
    jobLinger,
  );
  readonly #writeAlone = groupCommit(
    1,
    (wish: Wish) => wish.jobId,
    (wishes) => this.#write(wishes),
  );

  constructor(database: Database, prices: PriceBook, options: AttemptWriterOptions) {
    this.#database = database;
    this.#prices = prices;
    this.#options = options;
  }

  async open(intent: CallIntent): Promise<OpenCall | NotOpened> {
    const { jobId, attempt } = intent;
    this.#kept.throwFault(intent, { isLast: false });
    const wish = { jobId, attempt, open: newCallOf(intent) };
    try {
      const row = await this.#writeTogether(wish);
      return readOpening(intent, isWorthAnother(row) ? await this.#writeAlone(wish) : row);
    } catch (error) {
      // It may be open, and is never sent.
      if (isDatabaseAway(error)) void this.#releaseUnheard(intent).catch(() => {});
      if (databaseFault(error) === "data") await this.#writeKept(wish);
      throw error;
    }
  }

  /** @returns false where its attempt was fenced off */
  async end({ id: jobId, attempt, ...end }: JobEnd): Promise<boolean> {
    const wish = { jobId, attempt, end };
    this.#kept.throwFault(wish, { isLast: true });
    return (await this.#writeTogether(wish))?.ended ?? false;
  }

  keepAnswer(call: OpenCall, answer: CallAnswer): Promise<SettledCall> {
    const { answerWaitMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => void this.#writeKept(call).catch(() => {}), answerWaitMs);
      this.#kept.begun(call).answers.add({ call, answer, timer, resolve, reject });
    });
  }

  keepStep(step: FinishedStep): void {
    this.#kept.begun(step).steps.add(step);
  }

  async writeKept(name: AttemptName): Promise<void> {
    await this.#writeKept(name);
    this.#kept.throwFault(name, { isLast: true });
  }

  async close(): Promise<void> {
    await Promise.all(this.#kept.names().map((name) => this.#writeKept(name)));
  }

  async #writeKept({ jobId, attempt }: AttemptName): Promise<void> {
    const kept = this.#kept.of({ jobId, attempt });
    if (!kept || kept.isEmpty) return;
    const write = () => untilDatabaseAnswers(() => this.#writeTogether({ jobId, attempt }), { isPaid: true });
    try {
      await write();
    } catch (error) {
      if (databaseFault(error) !== "data") throw error;
      kept.refuse(error);
      await write().catch((worse: unknown) => {
        // Nothing of it can be written: its calls are given up at their deadlines.
        kept.drop(worse);
        throw worse;
      });
    }
  }

  /**
   * Gives back the hold of a call whose opening was not heard of. The opening may still be under way and come after this, so it is
   * asked for again until the server has ended what it had begun; what comes even later is given up at the call's deadline.
   */
  async #releaseUnheard({ id, jobId, attempt }: CallIntent): Promise<void> {
    const wish = { jobId, attempt, answers: [unsentEnd(id)] };
    for (let asked = 0; asked < unheardTries; asked++) {
      const row = await untilDatabaseAnswers(() => this.#writeTogether(wish));
      if (row?.endedCalls.includes(id)) return;
      // A stop does not wait for it.
      await sleep(unheardPauseMs, undefined, { ref: false });
    }
  }

  /** @returns for each what came of it; undefined where there was nothing to write */
  async #write(wishes: Wish[]): Promise<(Written | undefined)[]> {
    const filled = await Promise.all(wishes.map((wish) => this.#fill(wish)));
    const written = new Map<string, Written>();
    let items = filled.map(({ item }) => item).filter(isSomething);
    for (let asks = 0; items.length > 0 && asks < asksMax; asks++) {
      for (const row of await this.#execute(items)) written.set(row.jobId, row);
      // Before what may yet fail: it is written.
      if (asks === 0) for (const one of filled) this.#heard(one);
      items = items
        .filter(({ jobId }) => isMissingAccounts(written.get(jobId)))
        .map((item) => ({ ...item, answers: [], steps: [] }));
      // An account has to be there before it can be locked: each is missing once.
      const payers = items.map(({ jobId }) => {
        const { creatorId, apiKeyId, month } = written.get(jobId) as Written;
        return { creatorId: creatorId as string, apiKeyId, month };
      });
      await openAccounts(this.#database.execute, payers);
    }
    return wishes.map(({ jobId }) => written.get(jobId));
  }

  async #execute(items: AttemptWrite[]): Promise<Written[]> {
    const { terms, onRoom } = this.#options;
    const rows = await this.#database.execute<AttemptWritten>(writeAttempts, toPost(items, terms));
    for (const creatorId of new Set(rows.flatMap(({ roomOf }) => roomOf ?? []))) onRoom(creatorId);
    const inCompany = items.length > 1 || items.some(({ answers }) => answers.length > 0);
    return rows.map((row) => ({ ...row, inCompany }));
  }

  async #fill({ jobId, attempt, answers = [], open, end }: Wish): Promise<Filled> {
    const kept = this.#kept.of({ jobId, attempt });
    const [keptAnswers, keptSteps] = [[...(kept?.answers ?? [])], [...(kept?.steps ?? [])]];
    const ends = await Promise.all(
      keptAnswers.map((one) => callEndOf(this.#prices, one.call, one.answer, one.fault === undefined)),
    );
    const steps = keptSteps.map(({ jobId: _, attempt: __, ...step }) => step);
    return {
      item: {
        ...{ jobId, attempt, answers: [...answers, ...ends.map((one) => one.end)], steps },
        ...(open && { open }),
        ...(end && { end }),
      },
      settled: keptAnswers.map((one, index) => ({
        kept: one,
        settlement: (ends[index] as { settlement: Settlement }).settlement,
      })),
      forget: () => {
        kept?.forget(keptAnswers, keptSteps);
        this.#kept.tidy({ jobId, attempt });
      },
    };
  }

  #heard({ forget, settled }: Filled): void {
    forget();
    for (const one of settled) this.#tell(one);
  }

  #tell({ kept, settlement }: Filled["settled"][number]): void {
    const { isRerouted, ...figures } = settlement;
    const tell = () => (kept.fault ? kept.reject(kept.fault.error) : kept.resolve(figures));
    if (isRerouted) void this.#options.onRerouted(kept.call, kept.answer, settlement).then(tell);
    else tell();
  }
}

function isSomething({ answers, steps, open, end }: AttemptWrite): boolean {
  return answers.length > 0 || steps.length > 0 || open !== undefined || end !== undefined;
}
