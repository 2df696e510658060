import { setTimeout as sleep } from "node:timers/promises";
import type { DispatchableJob, Provider, ServiceTier } from "@understudy/contracts";
import {
  type Database,
  databaseFault,
  groupCommit,
  isDatabaseAway,
  loadStatement,
  newId,
  untilDatabaseAnswers,
} from "@understudy/database";
import type { Decimal } from "decimal.js";
import { raiseAlert } from "./alerts/raise-alert.ts";
import { type CallOpening, findNoRoom, type RoomFigures } from "./call-opening.ts";
import { explainCost } from "./cost.ts";
import { formatUsd, Money } from "./money.ts";
import { isFree, type Price, PriceBook, servedNames } from "./price-book.ts";
import { readUsage, type TokenCounts } from "./usage.ts";

const openStatement = loadStatement(new URL("./open-calls.sql", import.meta.url));
const lockPlatformStatement = loadStatement(new URL("./lock-platform-budget.sql", import.meta.url));
const settleStatement = loadStatement(new URL("./settle-calls.sql", import.meta.url));
const loseStatement = loadStatement(new URL("./lose-calls.sql", import.meta.url));
const giveUpStatement = loadStatement(new URL("./give-up-calls.sql", import.meta.url));
const releaseStatement = loadStatement(new URL("./release-job-holds.sql", import.meta.url));
const wakeStatement = loadStatement(new URL("./wake-waiting-jobs.sql", import.meta.url));

/** A call that is about to be made. */
export interface CallIntent {
  id: string;
  jobId: string;
  /** Fencing number of the job's attempt. */
  attempt: number;
  stepKey: string;
  creatorId: string;
  agentId: string;
  feature: string;
  /** Of the model that is asked. */
  price: Price;
  /** Models that may answer in its place, as it was read. */
  routedTo: readonly string[];
  /** The worst case of all models that the attempt may turn to. */
  holdUsd: Decimal;
  /** The worst case of this model, and of who may answer in its place. */
  worstUsd: Decimal;
  /** The worst case of its prompt alone. */
  promptWorstUsd: Decimal;
  /** Held for the job beside this call: for others that it can't do without. */
  reserveUsd: Decimal;
  /** The job can't do without it: its hold comes out of what the job holds already, as far as that reaches. */
  isNecessary: boolean;
  /** Past this the answer counts as lost. */
  timeoutSeconds: number;
}

/** A call that is written down. */
export interface OpenCall extends CallIntent {
  /** By the database's clock: it decides the price. */
  startedAt: Date;
}

export interface LedgerOptions {
  /** What all creators together may spend in a month, in USD; no bound unless given. */
  platformQuotaUsd?: string | undefined;
  /** Hears of creators whose jobs wait for room, when some of theirs is given back. */
  onRoom?: (creatorId: string) => void;
}

/** How a call ended, as far as the wire tells. */
export type CallAnswer =
  /** Gemini answered and bills it. */
  | {
      kind: "answered";
      /** `usageMetadata` as it came. */
      usage: unknown;
      /** The model that says that it has answered. */
      modelVersion?: string;
      /** Refused before anything was written: the prompt alone can be billed. */
      isPromptBlocked?: boolean;
      /** The tier that was served: priority may be served as standard. */
      serviceTier: ServiceTier;
      provider: Provider;
      finishReason?: string;
      /** Kept as the finished step's result: run again, the job gets it back. */
      stepResult?: object;
    }
  /** Gemini refused it, or it was never sent: it costs nothing. */
  | {
      kind: "refused";
      errorCode: string;
      httpStatus?: number;
      provider?: Provider;
      /** The provider's own, bounded, and without what the prompt says. */
      words?: ProviderWords;
    };

/** What a provider says of a call beside its answer: bounded, storable, and without the request's own text. */
export interface ProviderWords {
  /** Its error's message, 1,000 characters at most; empty where it said only the rest. */
  message: string;
  /** `ErrorInfo.reason`, such as `API_KEY_INVALID`. */
  reason?: string;
  /** `QuotaFailure.violations`: 10 at most, each `metric, id, value, description` as far as they are told. */
  quota?: string[];
  /** `BadRequest.fieldViolations`: 10 at most, each `field: description`. */
  fields?: string[];
  /** What the provider calls the request, for asking its support. */
  requestId?: string;
}

/** Tokens and cost of an ended call, as they stand in `UsageLog`. */
export interface SettledCall {
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  thoughtTokens: number;
  costUsd: Decimal;
  /** The usage was missing or contradicts itself. */
  estimated: boolean;
}

/** An item of open-calls.sql. */
interface NewCall
  extends Omit<CallIntent, "price" | "routedTo" | "holdUsd" | "worstUsd" | "promptWorstUsd" | "reserveUsd"> {
  model: string;
  serviceTier: ServiceTier;
  priceId: number;
  holdUsd: string;
  reserveUsd: string;
  platformQuotaUsd: string | undefined;
}

/** A row of open-calls.sql. */
interface OpenedCall extends Omit<RoomFigures, "platformQuotaUsd"> {
  id: string;
  startedAt: Date;
  owned: boolean;
  fits: boolean;
  stopped: boolean;
  monthClosed: boolean;
  /** Whether other calls stood in its batch. */
  inCompany: boolean;
}

/** An item of settle-calls.sql, which names all its fields. */
interface CallEnd extends Omit<SettledCall, "costUsd"> {
  id: string;
  status: "settled" | "released";
  costUsd: string;
  provider: Provider | undefined;
  httpStatus: number | undefined;
  errorCode: string | undefined;
  modelVersion: string | undefined;
  providerMessage?: string | undefined;
  providerWords?: Omit<ProviderWords, "message"> | undefined;
  usageMetadata?: unknown;
  finishReason?: string | undefined;
  stepResult?: object | undefined;
}

const groupMax = 200;

/** Longer together than the 12 s (`statement_timeout`) after which Postgres ends a statement that waits. */
const unheardTries = 11;
const unheardPauseMs = 2_000;

/** The life of a call's money: open before the request, end after it, give up when the answer is lost. */
export class Ledger {
  readonly prices: PriceBook;
  readonly #database: Database;
  readonly #platformQuotaUsd: string | undefined;
  readonly #onRoom: (creatorId: string) => void;
  /** Pairs of models of which operators were told from here: a few. */
  readonly #rerouted = new Set<string>();
  // What the job holds may change with each call of it.
  readonly #open = groupCommit(
    groupMax,
    (call: NewCall) => call.jobId,
    (calls) => this.#openCalls(calls),
  );
  readonly #openAlone = groupCommit(
    1,
    (call: NewCall) => call.jobId,
    (calls) => this.#openCalls(calls),
  );
  readonly #settle = groupCommit(
    groupMax,
    (end: CallEnd) => end.id,
    (ends) => this.#settleCalls(ends),
  );

  constructor(database: Database, { platformQuotaUsd, onRoom = () => {} }: LedgerOptions = {}) {
    this.#database = database;
    this.#platformQuotaUsd = platformQuotaUsd;
    this.#onRoom = onRoom;
    this.prices = new PriceBook(database);
  }

  /** The id of a call that is to be opened. */
  newCallId(): string {
    return newId("call");
  }

  /** Writes the call down and reserves its hold in one transaction, where there is room for it. */
  async openCall(intent: CallIntent): Promise<CallOpening> {
    const { price, routedTo: _, worstUsd: __, promptWorstUsd: ___, holdUsd, reserveUsd, ...rest } = intent;
    const call: NewCall = {
      ...rest,
      model: price.model,
      serviceTier: price.serviceTier,
      priceId: price.id,
      holdUsd: holdUsd.toFixed(),
      reserveUsd: reserveUsd.toFixed(),
      platformQuotaUsd: this.#platformQuotaUsd,
    };
    const row = await this.#unlessNotHeard(call, this.#open);
    // Calls fit together or not at all: near a bound each is tried alone. So is one whose month was closed in
    // that very moment: it is another month now.
    const again = row?.owned && !row.fits && !row.stopped && (row.inCompany || row.monthClosed);
    return this.#readOpening(again ? await this.#unlessNotHeard(call, this.#openAlone) : row);
  }

  /** A call whose opening was not heard of may be open, and is never sent: its hold is given back once Postgres answers. */
  async #unlessNotHeard<Opened>(call: NewCall, open: (call: NewCall) => Promise<Opened>): Promise<Opened> {
    try {
      return await open(call);
    } catch (error) {
      if (isDatabaseAway(error)) {
        const { isRerouted: _, ...figures } = released;
        const end: CallEnd = {
          ...{ ...figures, id: call.id, status: "released", costUsd: "0", errorCode: "not_sent" },
          ...{ provider: undefined, httpStatus: undefined, modelVersion: undefined },
        };
        this.#releaseUnheard(end).catch(() => {});
      }
      throw error;
    }
  }

  /**
   * Gives back the hold of a call whose opening was not heard of. The opening may still be under way and come after this, so it is
   * asked for again until the server has ended what it had begun; what comes even later is given up at the call's deadline.
   */
  async #releaseUnheard(end: CallEnd): Promise<void> {
    for (let asked = 0; asked < unheardTries; asked++) {
      if (await untilDatabaseAnswers(() => this.#settle(end))) return;
      // A stop does not wait for it.
      await sleep(unheardPauseMs, undefined, { ref: false });
    }
  }

  #readOpening(row: OpenedCall | undefined): CallOpening {
    if (!row?.owned) return { kind: "fenced" };
    if (row.fits) return { kind: "open", startedAt: row.startedAt };
    const { stopped, requiredUsd } = row;
    if (stopped) return { kind: "wait", waitingFor: "paused", requiredUsd };
    const noRoom = findNoRoom({ ...row, platformQuotaUsd: this.#platformQuotaUsd ?? null });
    return noRoom ?? { kind: "wait", waitingFor: "quota", requiredUsd };
  }

  async #openCalls(calls: NewCall[]): Promise<(OpenedCall | undefined)[]> {
    const rows =
      this.#platformQuotaUsd === undefined
        ? await this.#database.execute<OpenedCall>(openStatement, calls)
        : await this.#database.transaction(async (execute) => {
            // A sum has no row to lock: whoever opens calls takes turns, and sees the holds of those before.
            await execute(lockPlatformStatement, []);
            return execute<OpenedCall>(openStatement, calls);
          });
    const opened = new Map(rows.map((row) => [row.id, { ...row, inCompany: calls.length > 1 }]));
    return calls.map((call) => opened.get(call.id));
  }

  /**
   * Ends a call: settles it at its real cost, or releases it. Safe to run twice. The answer is paid for:
   * should Postgres be away, it is kept, and tried again until Postgres is back.
   * @throws where Postgres refuses the answer for its data: its cost is written all the same, without its words
   */
  async endCall(call: OpenCall, answer: CallAnswer): Promise<SettledCall> {
    try {
      return await untilDatabaseAnswers(() => this.#endCall(call, answer), { isPaid: true });
    } catch (error) {
      if (databaseFault(error) !== "data") throw error;
      await untilDatabaseAnswers(() => this.#endCall(call, answer, false), { isPaid: true });
      throw error;
    }
  }

  /** @param withWords with what others wrote: the answer, its usage as it came, its reasons */
  async #endCall(call: OpenCall, answer: CallAnswer, withWords = true): Promise<SettledCall> {
    const isAnswered = answer.kind === "answered";
    const end = isAnswered ? await this.#settlement(call, answer) : released;
    const { isRerouted, ...figures } = end;
    await this.#settle({
      ...figures,
      id: call.id,
      status: isAnswered ? "settled" : "released",
      costUsd: end.costUsd.toFixed(),
      provider: answer.provider,
      httpStatus: isAnswered ? 200 : answer.httpStatus,
      errorCode: withWords ? (answer.kind === "refused" ? answer.errorCode : undefined) : "not_storable",
      modelVersion: isAnswered && withWords ? answer.modelVersion : undefined,
      ...(withWords && answer.kind === "refused" && columnsOf(answer.words)),
      ...(withWords &&
        isAnswered && {
          usageMetadata: answer.usage ?? null,
          finishReason: answer.finishReason,
          stepResult: answer.stepResult,
        }),
    });
    if (isRerouted && isAnswered) await this.#tellRerouted(call, answer.modelVersion ?? "", end.costUsd);
    return figures;
  }

  /** Once for each pair of models. The call is paid for by now: without the alert it is `estimated` all the same. */
  async #tellRerouted({ id, price }: OpenCall, modelVersion: string, costUsd: Decimal): Promise<void> {
    const data = { model: price.model, modelVersion, callId: id, costUsd: formatUsd(costUsd) };
    const key = `${price.model}:${modelVersion}`;
    if (this.#rerouted.has(key)) return;
    const facts = { type: "model_rerouted", creatorId: null, data } as const;
    const isTold = await raiseAlert(this.#database, facts, key).then(
      () => true,
      () => false,
    );
    if (isTold) this.#rerouted.add(key);
  }

  /**
   * Notes of a call whose answer was lost what is known of its usage (the least that it can have cost), and what the
   * provider said of that. It stays open until its deadline; that of a cancelled one is over now, since nobody listens for its answer any more.
   */
  async loseCall(
    id: string,
    lost: { usage?: unknown; words?: ProviderWords; isCancelled: boolean },
  ): Promise<void> {
    const tokens = readUsage(lost.usage);
    if (!tokens && !lost.words && !lost.isCancelled) return;
    await this.#database.execute(loseStatement, [
      {
        id,
        isCancelled: lost.isCancelled,
        ...(tokens && { ...countsOf(tokens), usageMetadata: lost.usage }),
        ...columnsOf(lost.words),
      },
    ]);
  }

  /** @returns for each whether it was ended now, not earlier */
  async #settleCalls(ends: CallEnd[]): Promise<boolean[]> {
    const rows = await this.#database.execute<{ id: string; creatorId: string; hasWaiters: boolean }>(
      settleStatement,
      ends,
    );
    for (const creatorId of new Set(rows.filter((row) => row.hasWaiters).map((row) => row.creatorId))) {
      this.#onRoom(creatorId);
    }
    const ended = new Set(rows.map((row) => row.id));
    return ends.map((end) => ended.has(end.id));
  }

  /** Gives up calls past their deadline as unknown, `limit` at most; those given up. */
  giveUpCalls(limit: number): Promise<{ id: string; creatorId: string; holdUsd: string }[]> {
    return this.#database.execute(giveUpStatement, [{ limit }]);
  }

  /**
   * Gives back what jobs that run no more still hold: those of `jobIds`, else any, `limit` at most.
   * @returns which, and how much
   */
  releaseJobHolds(
    limit: number,
    jobIds?: string[],
  ): Promise<{ id: string; creatorId: string; releasedUsd: string }[]> {
    return this.#database.execute(releaseStatement, [{ jobIds, limit }]);
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

  /** Priced as what has answered, at the time when the call began. */
  async #settlement(call: OpenCall, answer: CallAnswer & { kind: "answered" }): Promise<Settlement> {
    const { prices, isSure, isRerouted } = await this.#pricesOf(call, answer);
    const [first] = prices;
    const tokens = readUsage(answer.usage);
    // Without usage nobody knows what it cost: the most that it can have cost, never nothing.
    if (!tokens) {
      const costUsd = answer.isPromptBlocked ? call.promptWorstUsd : call.worstUsd;
      const { serviceTier, id: priceId } = first;
      return { serviceTier, priceId, ...noTokens, costUsd, estimated: true, isRerouted };
    }
    const bills = prices.map((price) => ({ price, usd: explainCost(price, tokens).totalUsd }));
    const { price, usd } = bills.reduce((dearest, bill) => (bill.usd.gt(dearest.usd) ? bill : dearest));
    return {
      serviceTier: price.serviceTier,
      priceId: price.id,
      ...countsOf(tokens),
      costUsd: usd,
      estimated: tokens.estimated || !isSure,
      isRerouted,
    };
  }

  /** The price of who has answered; where that has none, or is said to cost nothing, of all that it may be. */
  async #pricesOf(
    { price: asked, routedTo, startedAt }: OpenCall,
    { modelVersion, serviceTier }: CallAnswer & { kind: "answered" },
  ): Promise<{ prices: [Price, ...Price[]]; isSure: boolean; isRerouted: boolean }> {
    const expected = [asked.model, ...routedTo];
    const names = modelVersion === undefined ? [asked.model] : servedNames(modelVersion);
    const served = names.find((name) => expected.includes(name));
    for (const name of served === undefined ? names : [served]) {
      const known = await this.prices.priceOf(name, serviceTier, startedAt);
      if (known && !isFree(known)) return { prices: [known], isSure: true, isRerouted: served === undefined };
    }
    const may = await Promise.all(
      expected.map((model) => this.prices.priceOf(model, serviceTier, startedAt)),
    );
    const prices: [Price, ...Price[]] = [may[0] ?? asked, ...may.slice(1).flatMap((price) => price ?? [])];
    return { prices, isSure: false, isRerouted: served === undefined };
  }
}

type Settlement = SettledCall & { serviceTier?: ServiceTier; priceId?: number; isRerouted: boolean };

function countsOf({ prompt, toolUse, cached, output, thoughts }: TokenCounts) {
  return {
    inputTokens: prompt + toolUse,
    cachedTokens: cached,
    outputTokens: output,
    thoughtTokens: thoughts,
  };
}

/** Its message has a column of its own, in which it is searched. */
function columnsOf(
  words: ProviderWords | undefined,
): Pick<CallEnd, "providerMessage" | "providerWords"> | undefined {
  if (!words) return undefined;
  const { message: providerMessage, ...rest } = words;
  return {
    ...(providerMessage !== "" && { providerMessage }),
    ...(Object.keys(rest).length > 0 && { providerWords: rest }),
  };
}

const noTokens = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, thoughtTokens: 0 };
const released: Settlement = { ...noTokens, costUsd: new Money(0), estimated: false, isRerouted: false };
