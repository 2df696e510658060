import { type Database, groupCommit, isDatabaseAway, loadStatement } from "@understudy/database";
import { openAccounts } from "./accounts.ts";
import type { CallIntent } from "./call.ts";
import { type AccountFigures, type CallOpening, findNoRoom } from "./call-opening.ts";
import { type PostingTerms, toPost } from "./posting.ts";

const openStatement = loadStatement(new URL("./open-calls.sql", import.meta.url));

/** An item of open-calls.sql. */
interface NewCall
  extends Omit<CallIntent, "price" | "routedTo" | "holdUsd" | "worstUsd" | "promptWorstUsd" | "reserveUsd"> {
  model: string;
  serviceTier: CallIntent["price"]["serviceTier"];
  priceId: number;
  holdUsd: string;
  reserveUsd: string;
}

/** A row of open-calls.sql. */
interface OpenedCall {
  id: string;
  owned: boolean;
  fits: boolean;
  startedAt: Date;
  stopped: boolean;
  requiredUsd: string;
  resetsAt: Date;
  apiKeyId: string | null;
  month: string;
  /** Null where the call is written. */
  plan: string | null;
  accounts: (AccountFigures & { isMissing: boolean; isClosed: boolean })[] | null;
}

/** Whether other calls stood in its batch. */
type Asked = OpenedCall & { inCompany: boolean };

const groupMax = 200;

/** Accounts that were missing are there the second time, unless a month has begun meanwhile. */
const asksMax = 3;

/** Writes calls down before they are made, many in one commit. */
export class CallOpener {
  readonly #database: Database;
  readonly #terms: PostingTerms;
  readonly #onUnheard: (id: string) => void;
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

  /** @param onUnheard told of a call whose opening was not heard of: it may be open, and is never sent */
  constructor(database: Database, terms: PostingTerms, onUnheard: (id: string) => void) {
    this.#database = database;
    this.#terms = terms;
    this.#onUnheard = onUnheard;
  }

  async open(intent: CallIntent): Promise<CallOpening> {
    const { price, routedTo: _, worstUsd: __, promptWorstUsd: ___, holdUsd, reserveUsd, ...rest } = intent;
    const call: NewCall = {
      ...rest,
      model: price.model,
      serviceTier: price.serviceTier,
      priceId: price.id,
      holdUsd: holdUsd.toFixed(),
      reserveUsd: reserveUsd.toFixed(),
    };
    const row = await this.#unlessNotHeard(call, this.#open);
    return readOpening(isWorthAnother(row) ? await this.#unlessNotHeard(call, this.#openAlone) : row);
  }

  async #unlessNotHeard<Opened>(call: NewCall, open: (call: NewCall) => Promise<Opened>): Promise<Opened> {
    try {
      return await open(call);
    } catch (error) {
      if (isDatabaseAway(error)) this.#onUnheard(call.id);
      throw error;
    }
  }

  async #openCalls(calls: NewCall[]): Promise<(Asked | undefined)[]> {
    const opened = new Map<string, Asked>();
    let toAsk = calls;
    for (let asks = 0; toAsk.length > 0 && asks < asksMax; asks++) {
      const rows = await this.#database.execute<OpenedCall>(openStatement, toPost(toAsk, this.#terms));
      for (const row of rows) opened.set(row.id, { ...row, inCompany: toAsk.length > 1 });
      toAsk = toAsk.filter(({ id }) => opened.get(id)?.accounts?.some(({ isMissing }) => isMissing));
      // An account has to be there before it can be locked: each is missing once.
      const payers = toAsk.map(({ id, creatorId }) => {
        const { apiKeyId, month } = opened.get(id) as Asked;
        return { creatorId, apiKeyId, month };
      });
      await openAccounts(this.#database.execute, payers);
    }
    return calls.map(({ id }) => opened.get(id));
  }
}

/**
 * Calls fit together or not at all: near a bound each is tried alone. So is one whose month was closed in that very moment:
 * it is another month now.
 */
function isWorthAnother(row: Asked | undefined): boolean {
  return Boolean(row?.accounts && (row.inCompany || row.accounts.some(({ isClosed }) => isClosed)));
}

function readOpening(row: OpenedCall | undefined): CallOpening {
  if (!row?.owned) return { kind: "fenced" };
  if (row.fits) return { kind: "open", startedAt: row.startedAt };
  const { stopped, requiredUsd, resetsAt } = row;
  if (stopped) return { kind: "wait", waitingFor: "paused", requiredUsd };
  const figures = { plan: row.plan ?? "", requiredUsd, resetsAt, accounts: row.accounts ?? [] };
  return findNoRoom(figures) ?? { kind: "wait", waitingFor: "quota", requiredUsd };
}
