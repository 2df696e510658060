import type { Call } from "@understudy/contracts";
import { type BillEntry, priceBillEntry } from "@understudy/testkit/second-price";
import { reasonOf } from "../client/command-error.ts";
import { compareUsd, sumUsd } from "./usd.ts";

/** One HTTP request in the emulator's bill (api.md, "The emulator"). */
export interface BillCall extends BillEntry {
  id: string;
  callId: string | null;
  at: string;
  method: string;
  status: number;
}

/** The members of a `UsageLog` row that are compared. */
export type LedgerCall = Pick<Call, "id" | "jobId" | "status" | "costUsd" | "holdUsd">;

export interface Books {
  /** Rows of this run's jobs. */
  ledger: readonly LedgerCall[];
  /** The bill, in full or at least: entries of this run's calls, and all others since `since`. */
  bill: readonly BillCall[];
  /** Whether some row of the ledger has this id: a call of another run, say. */
  isKnownCall(callId: string): boolean;
  /** Entries from before belong to other runs. */
  since: Date;
  /** What each job of this run says that it cost. */
  jobCosts: ReadonlyMap<string, string>;
}

export interface Mismatch {
  what: string;
  callId?: string;
  jobId?: string;
  ledger?: string;
  bill?: string;
}

export interface Reconciliation {
  /** Sums over the settled calls. */
  ledgerUsd: string;
  billUsd: string;
  jobsUsd: string;
  settled: number;
  released: number;
  /** Calls whose answer was lost, and what they may have cost at most. */
  unknown: number;
  unknownUsd: string;
  mismatches: Mismatch[];
}

/**
 * Compares the ledger with the bill, call by call and to the last digit (design.md, invariants B and C).
 * A call that was never billed may be `released` or `unknown`; one that was billed must have its row.
 */
export function reconcile(books: Books): Reconciliation {
  const { byCallId, duplicates } = indexBill(books.bill);
  const perCall = books.ledger.map((call) => compareCall(call, byCallId.get(call.id)));
  const settled = books.ledger.filter(({ status }) => status === "settled");
  const unknown = books.ledger.filter(({ status }) => status === "unknown");
  return {
    ledgerUsd: sumUsd(settled.map(({ costUsd }) => costUsd ?? "0")),
    billUsd: sumUsd(settled.map(({ id }) => priceOf(byCallId.get(id)) ?? "0")),
    jobsUsd: sumUsd(books.jobCosts.values()),
    settled: settled.length,
    released: books.ledger.filter(({ status }) => status === "released").length,
    unknown: unknown.length,
    unknownUsd: sumUsd(unknown.map(({ holdUsd }) => holdUsd)),
    mismatches: [
      ...perCall.filter((mismatch) => mismatch !== undefined),
      ...ownDuplicates(books, duplicates),
      ...ledgerDuplicates(books.ledger),
      ...strangers(books),
      ...jobsThatDiffer(books.ledger, books.jobCosts),
    ],
  };
}

/** Without a bill (Gemini itself answers), jobs and ledger can be compared still. */
export function reconcileJobs(
  ledger: readonly LedgerCall[],
  jobCosts: ReadonlyMap<string, string>,
): Reconciliation {
  const books: Books = { ledger: [], bill: [], isKnownCall: () => true, since: new Date(0), jobCosts };
  const settled = ledger.filter(({ status }) => status === "settled");
  const unknown = ledger.filter(({ status }) => status === "unknown");
  return {
    ...reconcile(books),
    ledgerUsd: sumUsd(settled.map(({ costUsd }) => costUsd ?? "0")),
    settled: settled.length,
    released: ledger.filter(({ status }) => status === "released").length,
    unknown: unknown.length,
    unknownUsd: sumUsd(unknown.map(({ holdUsd }) => holdUsd)),
    mismatches: [
      ...ledger.filter(({ status }) => status === "started").map(stillOpen),
      ...ledgerDuplicates(ledger),
      ...jobsThatDiffer(ledger, jobCosts),
    ],
  };
}

/** The jobs whose own cost isn't the sum of their settled calls. */
export function jobsThatDiffer(
  ledger: readonly LedgerCall[],
  jobCosts: ReadonlyMap<string, string>,
): Mismatch[] {
  const costs = new Map<string, string[]>();
  for (const { jobId, status, costUsd } of ledger) {
    if (status !== "settled") continue;
    const known = costs.get(jobId);
    if (known) known.push(costUsd ?? "0");
    else costs.set(jobId, [costUsd ?? "0"]);
  }
  const differ: Mismatch[] = [];
  for (const [jobId, jobUsd] of jobCosts) {
    const callsUsd = sumUsd(costs.get(jobId) ?? []);
    if (compareUsd(callsUsd, jobUsd) !== 0) {
      differ.push({ what: `the job says it cost $${jobUsd}, its calls`, jobId, ledger: callsUsd });
    }
  }
  return differ;
}

function compareCall(call: LedgerCall, entry: BillCall | undefined): Mismatch | undefined {
  const ids = { callId: call.id, jobId: call.jobId };
  const price = priceOf(entry);
  if (entry && price === undefined) return { what: `can't be priced: ${faultOf(entry)}`, ...ids };
  const billed = price === undefined ? {} : { bill: price };
  switch (call.status) {
    case "started":
      return stillOpen(call);
    case "settled":
      if (call.costUsd === null) return { what: "settled without a cost", ...ids, ...billed };
      if (price === undefined) return { what: "settled, but not in the bill", ...ids, ledger: call.costUsd };
      if (compareUsd(call.costUsd, price) === 0) return undefined;
      return { what: "another cost", ...ids, ledger: call.costUsd, ...billed };
    case "released":
      if (!entry || entry.status >= 400) return undefined;
      return { what: `released, but answered (HTTP ${entry.status})`, ...ids, ledger: "0", ...billed };
    case "unknown":
      if (price === undefined || compareUsd(call.holdUsd, price) >= 0) return undefined;
      return { what: "unknown, and its bound is too small", ...ids, ledger: call.holdUsd, ...billed };
  }
}

function stillOpen(call: LedgerCall): Mismatch {
  return { what: "still open (started)", callId: call.id, jobId: call.jobId };
}

/** Entries of this time that the ledger knows nothing of. Counting is free and makes no row. */
function strangers({ bill, isKnownCall, since, ledger }: Books): Mismatch[] {
  const ours = new Set(ledger.map(({ id }) => id));
  return bill
    .filter((entry) => Date.parse(entry.at) >= since.getTime() && entry.method !== "countTokens")
    .filter(({ callId }) => callId === null || !(ours.has(callId) || isKnownCall(callId)))
    .map((entry) => {
      const price = priceOf(entry);
      return {
        what: `billed (HTTP ${entry.status}), but not in the ledger`,
        callId: entry.callId ?? `none (entry ${entry.id})`,
        ...(price !== undefined && { bill: price }),
      };
    });
}

function indexBill(bill: readonly BillCall[]): { byCallId: Map<string, BillCall>; duplicates: BillCall[] } {
  const byCallId = new Map<string, BillCall>();
  const duplicates: BillCall[] = [];
  for (const entry of bill) {
    if (entry.callId === null) continue;
    if (byCallId.has(entry.callId)) duplicates.push(entry);
    else byCallId.set(entry.callId, entry);
  }
  return { byCallId, duplicates };
}

/** One call is one HTTP request: a second entry is a request that the ledger doesn't pay for. */
function ownDuplicates({ ledger }: Books, duplicates: readonly BillCall[]): Mismatch[] {
  if (duplicates.length === 0) return [];
  const jobOfCall = new Map(ledger.map(({ id, jobId }) => [id, jobId]));
  return duplicates.flatMap((entry) => {
    const jobId = jobOfCall.get(entry.callId ?? "");
    if (jobId === undefined) return [];
    const price = priceOf(entry);
    return [{ what: "twice in the bill", callId: entry.callId ?? "", jobId, ...(price && { bill: price }) }];
  });
}

function ledgerDuplicates(ledger: readonly LedgerCall[]): Mismatch[] {
  const seen = new Set<string>();
  return ledger.flatMap(({ id, jobId }) => {
    if (seen.has(id)) return [{ what: "twice in the ledger", callId: id, jobId }];
    seen.add(id);
    return [];
  });
}

/** Undefined without an entry, and for one that can't be priced (see `faultOf`). */
function priceOf(entry: BillCall | undefined): string | undefined {
  try {
    return entry && priceBillEntry(entry);
  } catch {
    return undefined;
  }
}

function faultOf(entry: BillCall): string {
  try {
    return priceBillEntry(entry);
  } catch (thrown) {
    return reasonOf(thrown);
  }
}

/** Whether tokens of this model cost anything; a model that the second table doesn't know counts as priced. */
export function isPriced(model: string, at: string): boolean {
  try {
    return priceBillEntry({ model, at, usageMetadata: { promptTokenCount: 1 } }) !== "0";
  } catch {
    return true;
  }
}
