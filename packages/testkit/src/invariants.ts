import { terminalStatuses } from "@understudy/contracts";
import { Decimal } from "decimal.js";
import { eventually } from "./eventually.ts";
import { laneKeysLeft } from "./lane-keys.ts";
import { type BillEntry, priceBillEntry } from "./second-price.ts";
import type { Stack } from "./stack.ts";
import { untoldEnds } from "./untold-ends.ts";

/** One entry of the emulator's bill, as far as the invariants need it. */
interface BilledCall extends BillEntry {
  /** Of the request, under which the emulator keeps its body. */
  id: string;
  callId: string | null;
  status: number;
}

/** The emulator's own bill: every request that Gemini would have billed or refused. */
export async function readBill(emulatorUrl: string): Promise<BilledCall[]> {
  const response = await fetch(`${emulatorUrl}/_emulator/bill`);
  return ((await response.json()) as { calls: BilledCall[] }).calls;
}

/** Within which the reconciler has seen all that was left. */
const sweptMsMax = 30_000;

/**
 * Asserts the invariants of ARCHITECTURE.md as far as they can be seen after everything has come to rest.
 * @param accepted ids of all jobs that were answered with 202
 * @param lostCallsMax calls that a fault may have left open: with a row, but not on the bill, or unknown
 * @throws one Error that lists all that does not hold
 */
export async function assertInvariants(stack: Stack, accepted: string[], lostCallsMax = 0): Promise<void> {
  const { prisma } = stack.database;
  // What ended jobs did not use is given back right after their end, or by the reconciler.
  await eventually(async () => {
    const holding = await prisma.monthlySpend.findMany({ where: { heldUsd: { gt: 0 } } });
    if (holding.length > 0)
      throw new Error(`F: held yet by ${holding.map((row) => row.creatorId).join(", ")}`);
  }, sweptMsMax);
  const [jobs, calls, spends, bill] = await Promise.all([
    prisma.job.findMany({ include: { outbox: true } }),
    prisma.usageLog.findMany(),
    prisma.monthlySpend.findMany(),
    readBill(stack.emulatorUrl),
  ]);
  const faults: string[] = [];

  // A: every accepted job is terminal, and its end is told exactly once.
  const byId = new Map(jobs.map((job) => [job.id, job]));
  for (const id of accepted) {
    const job = byId.get(id);
    const isTerminal = job && (terminalStatuses as readonly string[]).includes(job.status);
    if (!isTerminal) faults.push(`A: ${id} is ${job?.status ?? "missing"}`);
    // One for each time that it ended: an app may have had it tried again after it had failed.
    else if (job.outbox.length !== 1 + job.retries)
      faults.push(
        `A: ${id} has ${job.outbox.length} events of its ends, and was retried ${job.retries} times`,
      );
    else if (job.outbox.filter(({ jobEnd }) => jobEnd === null)[0]?.type !== `job.${job.status}`)
      faults.push(`A: ${id} is ${job.status}, which is not what its last event says`);
  }

  // B: each entry of the bill has one row. (An id is unique in the table, so at most one.)
  const entries = new Map(bill.map((entry) => [entry.callId, entry]));
  if (entries.size !== bill.length) faults.push("B: a call id stands on the bill twice");
  const rows = new Map(calls.map((call) => [call.id, call]));
  for (const entry of bill) {
    if (!entry.callId || !rows.has(entry.callId))
      faults.push(`B: no row for the billed call ${entry.callId}`);
  }

  // C: settled rows equal their entries, priced by the second calculation; bounds of unknown ones hold.
  let lost = 0;
  for (const call of calls) {
    const entry = entries.get(call.id);
    const price = entry ? new Decimal(entry.status < 300 ? priceBillEntry(entry) : 0) : undefined;
    if (call.status === "started") faults.push(`F: ${call.id} is still open`);
    if (call.status === "unknown" || !price) lost++;
    if (call.status === "unknown" && price?.gt(call.holdUsd.toFixed()))
      faults.push(`C: ${call.id} cost above its bound`);
    if (call.costUsd && price && !price.eq(call.costUsd.toFixed())) {
      faults.push(`C: ${call.id} cost ${call.costUsd} but the bill says ${price}`);
    }
    if (call.status === "settled" && !price) faults.push(`B: ${call.id} is settled but not on the bill`);
  }
  if (lost > lostCallsMax) faults.push(`B: ${lost} calls were lost, at most ${lostCallsMax} can have been`);

  // E and F: accounts are the sums of their rows, and nothing is held at rest.
  for (const spend of spends) {
    const own = calls.filter((call) => call.creatorId === spend.creatorId && +call.month === +spend.month);
    const sum = (of: (call: (typeof own)[number]) => { toFixed(): string } | null) =>
      own.reduce((total, call) => total.plus(of(call)?.toFixed() ?? 0), new Decimal(0));
    const unknown = sum((call) => (call.status === "unknown" ? call.holdUsd : null));
    if (!spend.heldUsd.isZero()) faults.push(`F: ${spend.creatorId} still holds ${spend.heldUsd}`);
    if (!sum((call) => call.costUsd).eq(spend.spentUsd.toFixed()))
      faults.push(`E: ${spend.creatorId}: spent is off`);
    if (!unknown.eq(spend.unknownUsd.toFixed())) faults.push(`E: ${spend.creatorId}: unknown is off`);
  }

  // D: each endpoint was told of every end that it wants, or is disabled. Where there is none, there is nothing to wait for.
  await eventually(async () => {
    const untold = await untoldEnds(stack.database);
    if (untold.length > 0) throw new Error(untold.slice(0, 5).join("; "));
  }, sweptMsMax).catch((error: Error) => faults.push(`D: ${error.message}`));

  // F: no lane entry. A start that was not heard of is found out by the reconciler, some seconds later.
  await eventually(async () => {
    const keys = await laneKeysLeft(stack.redis.url);
    if (keys.length > 0) throw new Error(`left in Redis: ${keys.join(", ")}`);
  }, sweptMsMax).catch((error: Error) => faults.push(`F: ${error.message}`));
  if (faults.length > 0) throw new Error(`Invariants do not hold:\n${faults.slice(0, 20).join("\n")}`);
}
