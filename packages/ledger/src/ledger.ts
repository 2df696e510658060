import type { Provider, ServiceTier } from "@understudy/contracts";
import { type Database, groupCommit, loadStatement, newId, untilDatabaseAnswers } from "@understudy/database";
import type { Decimal } from "decimal.js";
import { explainCost } from "./cost.ts";
import { Money } from "./money.ts";
import { type Price, PriceBook } from "./price-book.ts";
import { readUsage } from "./usage.ts";

const openStatement = loadStatement(new URL("./open-calls.sql", import.meta.url));
const settleStatement = loadStatement(new URL("./settle-calls.sql", import.meta.url));
const giveUpStatement = loadStatement(new URL("./give-up-calls.sql", import.meta.url));

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
  price: Price;
  holdUsd: Decimal;
  /** Past this the answer counts as lost. */
  timeoutSeconds: number;
}

/** What became of the wish to make a call. Only `open` may be followed by a request. */
export type CallOpening =
  | { kind: "open" }
  /** Another attempt has the job now. */
  | { kind: "fenced" }
  /** The quota has no room for the hold. Amounts in USD. */
  | {
      kind: "no_room";
      quotaUsd: string;
      spentUsd: string;
      heldUsd: string;
      unknownUsd: string;
      requiredUsd: string;
      resetsAt: Date;
    };

/** How a call ended, as far as the wire tells. */
export type CallAnswer =
  /** Gemini answered and bills it. */
  | {
      kind: "answered";
      /** `usageMetadata` as it came. */
      usage: unknown;
      /** The tier that was served: priority may be served as standard. */
      serviceTier: ServiceTier;
      provider: Provider;
      finishReason?: string;
      /** Kept as the finished step's result: run again, the job gets it back. */
      stepResult?: object;
    }
  /** Gemini refused it, or it was never sent: it costs nothing. */
  | { kind: "refused"; errorCode: string; httpStatus?: number; provider?: Provider };

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
interface NewCall extends Omit<CallIntent, "price" | "holdUsd"> {
  model: string;
  serviceTier: ServiceTier;
  priceId: number;
  holdUsd: string;
}

/** A row of open-calls.sql. */
interface OpenedCall extends Omit<CallOpening & { kind: "no_room" }, "kind" | "requiredUsd"> {
  id: string;
  owned: boolean;
  fits: boolean;
}

/** An item of settle-calls.sql, which names all its fields. */
interface CallEnd extends Omit<SettledCall, "costUsd"> {
  id: string;
  status: "settled" | "released";
  costUsd: string;
}

const groupMax = 200;

/** The life of a call's money: open before the request, end after it, give up when the answer is lost. */
export class Ledger {
  readonly prices: PriceBook;
  readonly #database: Database;
  // A creator's holds are taken one after another anyhow: its account is one row.
  readonly #open = groupCommit(
    groupMax,
    (call: NewCall) => call.creatorId,
    (calls) => this.#openCalls(calls),
  );
  readonly #settle = groupCommit(
    groupMax,
    (end: CallEnd) => end.id,
    (ends) => this.#settleCalls(ends),
  );

  constructor(database: Database) {
    this.#database = database;
    this.prices = new PriceBook(database);
  }

  /** The id of a call that is to be opened. */
  newCallId(): string {
    return newId("call");
  }

  /** Writes the call down and reserves its hold in one transaction, where the quota has room for it. */
  async openCall(intent: CallIntent): Promise<CallOpening> {
    const { price, holdUsd, ...rest } = intent;
    const row = await this.#open({
      ...rest,
      model: price.model,
      serviceTier: price.serviceTier,
      priceId: price.id,
      holdUsd: holdUsd.toFixed(),
    });
    if (!row?.owned) return { kind: "fenced" };
    if (row.fits) return { kind: "open" };
    const { id, owned, fits, ...amounts } = row;
    return { kind: "no_room", ...amounts, requiredUsd: holdUsd.toFixed() };
  }

  async #openCalls(calls: NewCall[]): Promise<(OpenedCall | undefined)[]> {
    const rows = await this.#database.execute<OpenedCall>(openStatement, calls);
    const opened = new Map(rows.map((row) => [row.id, row]));
    return calls.map((call) => opened.get(call.id));
  }

  /**
   * Ends a call: settles it at its real cost, or releases it. Safe to run twice. The answer is paid for:
   * should Postgres be away, it is kept, and tried again until Postgres is back.
   */
  endCall(intent: CallIntent, answer: CallAnswer): Promise<SettledCall> {
    return untilDatabaseAnswers(() => this.#endCall(intent, answer));
  }

  async #endCall(intent: CallIntent, answer: CallAnswer): Promise<SettledCall> {
    const end = answer.kind === "answered" ? await this.#settlement(intent, answer) : released;
    await this.#settle({
      ...end,
      id: intent.id,
      status: answer.kind === "answered" ? "settled" : "released",
      costUsd: end.costUsd.toFixed(),
      ...(answer.kind === "answered"
        ? {
            usageMetadata: answer.usage ?? null,
            provider: answer.provider,
            finishReason: answer.finishReason,
            httpStatus: 200,
            stepResult: answer.stepResult,
          }
        : { provider: answer.provider, httpStatus: answer.httpStatus, errorCode: answer.errorCode }),
    });
    return end;
  }

  /** @returns for each whether it was ended now, not earlier */
  async #settleCalls(ends: CallEnd[]): Promise<boolean[]> {
    const rows = await this.#database.execute<{ id: string }>(settleStatement, ends);
    const ended = new Set(rows.map((row) => row.id));
    return ends.map((end) => ended.has(end.id));
  }

  /** Gives up calls past their deadline as unknown, `limit` at most; those given up. */
  giveUpCalls(limit: number): Promise<{ id: string; creatorId: string; holdUsd: string }[]> {
    return this.#database.execute(giveUpStatement, [{ limit }]);
  }

  async #settlement(
    intent: CallIntent,
    answer: CallAnswer & { kind: "answered" },
  ): Promise<SettledCall & { serviceTier: ServiceTier; priceId: number }> {
    const served = await this.prices.priceOf(intent.price.model, answer.serviceTier, new Date());
    const price = served ?? intent.price;
    const tokens = readUsage(answer.usage);
    const common = { serviceTier: price.serviceTier, priceId: price.id };
    // Without usage nobody knows what it cost: the most that it can have cost, never nothing.
    if (!tokens) return { ...common, ...noTokens, costUsd: intent.holdUsd, estimated: true };
    return {
      ...common,
      inputTokens: tokens.prompt + tokens.toolUse,
      cachedTokens: tokens.cached,
      outputTokens: tokens.output,
      thoughtTokens: tokens.thoughts,
      costUsd: explainCost(price, tokens).totalUsd,
      estimated: tokens.estimated || served === undefined,
    };
  }
}

const noTokens = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, thoughtTokens: 0 };
const released: SettledCall = { ...noTokens, costUsd: new Money(0), estimated: false };
