import type { Call } from "@understudy/contracts";
import pMap from "p-map";
import { type ApiClient, pause, problemOf } from "../client/api-client.ts";
import { CommandError } from "../client/command-error.ts";
import { readJob } from "./await-results.ts";
import { readBill } from "./read-bill.ts";
import { type BillCall, type Books, jobsThatDiffer, type LedgerCall } from "./reconcile.ts";

/** A call of this run: what is compared, and what tells whether it could have cost something. */
export type RunCall = LedgerCall & Pick<Call, "model" | "startedAt">;

export interface CollectOptions {
  api: ApiClient;
  /** When the run began, by the API's clock. */
  since: Date;
  /** What each job said it cost when it ended. */
  jobCosts: Map<string, string>;
  concurrency: number;
  /** How long to wait for calls that are still `started`: longer than any call's deadline. */
  openCallsMs?: number;
  /** Tells how many calls are still open. */
  onOpenCalls(open: number): void;
}

/** A row is written before its request is sent, so a row of another run may be this much older than ours. */
const LOOK_BACK_MS = 10 * 60_000;
const PAGE_ROWS = 1_000;

/**
 * Reads the ledger's rows of this run, and waits until none is open. A job can end before a call of it does:
 * the call of a worker that died stays open until its deadline has passed.
 */
export async function collectLedger(
  options: CollectOptions,
): Promise<{ calls: RunCall[]; otherCallIds: Set<string> }> {
  const { api, since, jobCosts } = options;
  const calls = new Map<string, RunCall>();
  const otherCallIds = new Set<string>();
  const from = new Date(since.getTime() - LOOK_BACK_MS).toISOString();
  for await (const call of listCalls(api, { from })) {
    if (jobCosts.has(call.jobId)) calls.set(call.id, compact(call));
    else otherCallIds.add(call.id);
  }
  await awaitOpenCalls(calls, options);
  await rereadJobs([...calls.values()], options);
  return { calls: [...calls.values()], otherCallIds };
}

async function awaitOpenCalls(calls: Map<string, RunCall>, options: CollectOptions): Promise<void> {
  const deadline = Date.now() + (options.openCallsMs ?? 180_000);
  for (let waitMs = 200; Date.now() < deadline; waitMs = Math.min(5_000, waitMs * 1.5)) {
    const open = [...calls.values()].filter(({ status }) => status === "started");
    if (open.length === 0) return;
    options.onOpenCalls(open.length);
    await pause(waitMs);
    const jobIds = [...new Set(open.map(({ jobId }) => jobId))];
    await pMap(
      jobIds,
      async (jobId) => {
        for await (const call of listCalls(options.api, { jobId })) calls.set(call.id, compact(call));
      },
      { concurrency: options.concurrency },
    );
  }
}

/** A cost that came after the job had ended (a late attempt's) is in its calls, not in what it said then. */
async function rereadJobs(
  calls: readonly RunCall[],
  { api, jobCosts, concurrency }: CollectOptions,
): Promise<void> {
  await pMap(
    jobsThatDiffer(calls, jobCosts),
    async ({ jobId }) => {
      const job = jobId === undefined ? undefined : await readJob(api, jobId);
      if (job) jobCosts.set(job.id, job.usage.costUsd);
    },
    { concurrency },
  );
}

/**
 * Reads the bill and says which of its calls some row of the ledger has. The bill is read after the ledger,
 * so calls that other runs began in between are looked up once more.
 */
export async function collectBooks(
  emulatorUrl: string,
  ledger: { calls: RunCall[]; otherCallIds: Set<string> },
  { api, since, jobCosts }: CollectOptions,
): Promise<Books> {
  const ours = new Set(ledger.calls.map(({ id }) => id));
  const known = ledger.otherCallIds;
  const bill: BillCall[] = [];
  let missing = false;
  for await (const entry of readBill(emulatorUrl)) {
    const isOurs = entry.callId !== null && ours.has(entry.callId);
    const isStranger = !isOurs && Date.parse(entry.at) >= since.getTime() && !known.has(entry.callId ?? "");
    if (isOurs || isStranger) bill.push(entry);
    missing ||= isStranger;
  }
  if (missing) {
    const from = new Date(since.getTime() - LOOK_BACK_MS).toISOString();
    for await (const { id } of listCalls(api, { from })) known.add(id);
  }
  return { ledger: ledger.calls, bill, isKnownCall: (id) => known.has(id), since, jobCosts };
}

async function* listCalls(api: ApiClient, query: { from: string } | { jobId: string }): AsyncGenerator<Call> {
  let cursor: string | undefined;
  do {
    const search = new URLSearchParams({ ...query, limit: String(PAGE_ROWS), ...(cursor && { cursor }) });
    const answer = await api.requestPatiently({ method: "GET", path: `/api/ai/admin/calls?${search}` });
    if (!("status" in answer)) throw new CommandError(`The ledger can't be read: ${answer.gaveUp}`, 1);
    const page = answer.body as { items?: Call[]; nextCursor?: string | null } | undefined;
    if (answer.status !== 200 || !Array.isArray(page?.items)) {
      throw new CommandError(
        `The ledger can't be read: ${problemOf(answer.body).detail ?? `HTTP ${answer.status}`}`,
        1,
      );
    }
    yield* page.items;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

/** The rows of a long run are all kept at once: without what isn't compared. */
function compact({ id, jobId, status, costUsd, holdUsd, model, startedAt }: Call): RunCall {
  return { id, jobId, status, costUsd, holdUsd, model, startedAt };
}
