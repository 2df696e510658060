import { Decimal } from "decimal.js";
import { type BillEntry, type MorePrice, priceBillEntry } from "../second-price.ts";
import type { Span, Told, World } from "./world.ts";

/** One entry of the emulator's bill, as far as the invariants need it. */
interface BilledCall extends BillEntry {
  /** Of the request, under which the emulator keeps its body. */
  id: string;
  callId: string | null;
  status: number;
  /** Not sent whole: the client was gone before its end, or a rule broke it off. */
  aborted: boolean;
  cut?: true;
}

/** The emulator's own bill: every request that Gemini would have billed or refused. */
export async function readBill(emulatorUrl: string): Promise<BilledCall[]> {
  const response = await fetch(`${emulatorUrl}/_emulator/bill`);
  return ((await response.json()) as { calls: BilledCall[] }).calls;
}

type Call = Awaited<ReturnType<typeof readCalls>>[number];

function readCalls({ database }: Pick<World, "database">) {
  return database.prisma.usageLog.findMany({
    select: {
      id: true,
      status: true,
      errorCode: true,
      costUsd: true,
      holdUsd: true,
      byOperator: true,
      startedAt: true,
      deadlineAt: true,
      settledAt: true,
    },
  });
}

/** The emulator's clock and Postgres' may be so far apart. */
const clockMs = 2_000;

/**
 * B: each entry of the bill has one row; what has a row and no entry was lost to a fault, and so was what was
 * answered and is unknown.
 * C: each settled row equals its entry, priced by the second calculation; an unknown one's bound is no less.
 */
export async function callsAmiss(
  world: World,
  { lostCallsMax, mayLose }: Pick<Told, "lostCallsMax" | "mayLose">,
): Promise<string[]> {
  const [calls, bill] = await Promise.all([readCalls(world), readBill(world.emulatorUrl)]);
  const faults: string[] = [];
  const entries = new Map(bill.map((entry) => [entry.callId, entry]));
  if (entries.size !== bill.length) faults.push("B: a call id stands on the bill twice");
  const rows = new Set(calls.map(({ id }) => id));
  for (const { callId } of bill) {
    if (!callId || !rows.has(callId)) faults.push(`B: no row for the billed call ${callId}`);
  }
  let lost = 0;
  for (const call of calls) {
    const entry = entries.get(call.id);
    // What an operator has said of a lost call stands against the bill's word.
    if (call.status === "unknown" || call.byOperator || !entry) lost++;
    if (entry && mayLose && isThrownAway(call, entry, mayLose))
      faults.push(`B: ${call.id} is unknown, though it was answered and nothing was done to whoever asked`);
    if (entry) faults.push(...costAmiss(call, entry, world.prices));
    else if (call.status === "settled" && !call.byOperator)
      faults.push(`B: ${call.id} is settled but not on the bill`);
  }
  if (lostCallsMax !== undefined && lost > lostCallsMax)
    faults.push(`B: ${lost} calls were lost, at most ${lostCallsMax} can have been`);
  return faults;
}

/** Paid, answered whole, and its answer not kept. Who cancels a job takes back what it has asked. */
function isThrownAway(call: Call, entry: BilledCall, mayLose: readonly Span[]): boolean {
  const { status, errorCode, startedAt, deadlineAt, settledAt } = call;
  if (status !== "unknown" || errorCode === "cancelled") return false;
  if (entry.status >= 300 || entry.aborted || entry.cut) return false;
  const given = Math.max(+deadlineAt, +(settledAt ?? 0));
  return !mayLose.some(({ from, until }) => from <= given && until >= +startedAt);
}

function costAmiss(call: Call, entry: BilledCall, prices: readonly MorePrice[] = []): string[] {
  const possible = possibleCosts(call, entry, prices);
  if (call.status === "unknown" && possible.every((cost) => cost.gt(call.holdUsd.toFixed())))
    return [`C: ${call.id} cost ${possible[0]}, above its bound ${call.holdUsd.toFixed()}`];
  const { costUsd } = call;
  if (costUsd && !call.byOperator && !possible.some((cost) => cost.eq(costUsd.toFixed())))
    return [`C: ${call.id} cost ${costUsd.toFixed()} but the bill says ${possible[0]}`];
  return [];
}

/**
 * The price is the one in force when the call was written down: as its row says, where it can have been then by the emulator's
 * clock, which knows when the request had come. A worker may have been stopped in between. A row that can't be right is not
 * believed: then within two seconds of a change either price is right.
 */
function possibleCosts(call: Call, entry: BilledCall, prices: readonly MorePrice[]): Decimal[] {
  if (entry.status >= 300) return [new Decimal(0)];
  const came = +new Date(entry.at);
  const began = +call.startedAt;
  const mayHaveBegun = began <= came + clockMs && came <= +call.deadlineAt + clockMs;
  const times = mayHaveBegun ? [began] : [came, came - clockMs, came + clockMs];
  return times.map((at) => new Decimal(priceBillEntry({ ...entry, at: new Date(at) }, prices)));
}
