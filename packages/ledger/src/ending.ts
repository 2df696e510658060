import { setTimeout as sleep } from "node:timers/promises";
import type { Provider, ServiceTier } from "@understudy/contracts";
import {
  type Database,
  databaseFault,
  groupCommit,
  loadStatement,
  untilDatabaseAnswers,
} from "@understudy/database";
import type { Decimal } from "decimal.js";
import { raiseAlert } from "./alerts/raise-alert.ts";
import type { CallAnswer, OpenCall, ProviderWords, SettledCall } from "./call.ts";
import { formatUsd } from "./money.ts";
import { toPost } from "./posting.ts";
import type { PriceBook } from "./price-book.ts";
import { countsOf, released, settlementOf } from "./settlement.ts";
import { readUsage } from "./usage.ts";

const settleStatement = loadStatement(new URL("./settle-calls.sql", import.meta.url));
const loseStatement = loadStatement(new URL("./lose-calls.sql", import.meta.url));

/** An item of settle-calls.sql, which names all its fields. */
interface CallEnd extends Omit<SettledCall, "costUsd"> {
  id: string;
  status: "settled" | "released";
  costUsd: string;
  /** Of the price that it was settled at. */
  serviceTier?: ServiceTier;
  priceId?: number;
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

/** Ends calls by their answers, many in one commit. */
export class CallEnder {
  readonly #database: Database;
  readonly #prices: PriceBook;
  readonly #onRoom: (creatorId: string) => void;
  /** Pairs of models of which operators were told from here: a few. */
  readonly #rerouted = new Set<string>();
  readonly #settle = groupCommit(
    groupMax,
    (end: CallEnd) => end.id,
    (ends) => this.#settleCalls(ends),
  );

  constructor(database: Database, prices: PriceBook, onRoom: (creatorId: string) => void) {
    this.#database = database;
    this.#prices = prices;
    this.#onRoom = onRoom;
  }

  /**
   * Gives back the hold of a call whose opening was not heard of. The opening may still be under way and come after this, so it is
   * asked for again until the server has ended what it had begun; what comes even later is given up at the call's deadline.
   */
  async releaseUnheard(id: string): Promise<void> {
    const { isRerouted: _, ...figures } = released;
    const end: CallEnd = {
      ...{ ...figures, id, status: "released", costUsd: "0", errorCode: "not_sent" },
      ...{ provider: undefined, httpStatus: undefined, modelVersion: undefined },
    };
    for (let asked = 0; asked < unheardTries; asked++) {
      if (await untilDatabaseAnswers(() => this.#settle(end))) return;
      // A stop does not wait for it.
      await sleep(unheardPauseMs, undefined, { ref: false });
    }
  }

  async end(call: OpenCall, answer: CallAnswer): Promise<SettledCall> {
    try {
      return await untilDatabaseAnswers(() => this.#end(call, answer), { isPaid: true });
    } catch (error) {
      if (databaseFault(error) !== "data") throw error;
      await untilDatabaseAnswers(() => this.#end(call, answer, false), { isPaid: true });
      throw error;
    }
  }

  /** @param withWords with what others wrote: the answer, its usage as it came, its reasons */
  async #end(call: OpenCall, answer: CallAnswer, withWords = true): Promise<SettledCall> {
    const isAnswered = answer.kind === "answered";
    const end = isAnswered ? await settlementOf(this.#prices, call, answer) : released;
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

  async lose(
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
      toPost(ends),
    );
    for (const creatorId of new Set(rows.filter((row) => row.hasWaiters).map((row) => row.creatorId))) {
      this.#onRoom(creatorId);
    }
    const ended = new Set(rows.map((row) => row.id));
    return ends.map((end) => ended.has(end.id));
  }
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
