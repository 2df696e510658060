import { setTimeout as sleep } from "node:timers/promises";
import type { CloseResult } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import { closeBatch } from "./close-batch.ts";
import { monthBefore } from "./month.ts";

const creatorsStatement = loadStatement(new URL("./creators-to-charge.sql", import.meta.url));
const stateStatement = loadStatement(new URL("./month-state.sql", import.meta.url));
const dueStatement = loadStatement(new URL("./month-due.sql", import.meta.url));
const noteStatement = loadStatement(new URL("./note-closed-month.sql", import.meta.url));

const batchSize = 200;

/** How many of the creators that can't be charged yet are named. */
const namedMax = 1_000;

/**
 * How long a month is over before it is closed by itself, or noted as done: what began in it (a new creator, a
 * change of plan) is committed by then, since no statement runs for longer than 12 s.
 */
const settlingSeconds = 60;

/** Accounts that somebody else writes to are free again within milliseconds. */
const busyTriesMax = 10;
const busyPauseMs = 200;

/** What came of one month. */
export interface MonthClosing {
  month: string;
  result: CloseResult;
  /** Creators whose books differ, among `notYet`: a fault, to be looked into. */
  inDoubt: string[];
}

/**
 * Charges every creator for a month, after all months before it that are still to be charged. Safe to run again
 * and by several at once; what was charged stays.
 *
 * @param signal stops between two batches
 * @throws when Postgres is away or the signal fires: what was charged by then stays, and running again goes on
 */
export async function closeMonth(
  database: Database,
  month: string,
  signal?: AbortSignal,
): Promise<{ kind: "not_over"; endsAt: Date } | ({ kind: "closed" } & MonthClosing)> {
  const [state] = await database.execute<{ isOver: boolean; endsAt: Date }>(stateStatement, [{ month }]);
  if (!state) throw new Error(`Postgres did not tell how far ${month} is.`);
  if (!state.isOver) return { kind: "not_over", endsAt: state.endsAt };
  for (const earlier of await monthsLeftBefore(database, month)) await closeOne(database, earlier, signal);
  return { kind: "closed", ...(await closeOne(database, month, signal)) };
}

/**
 * Closes the last month, and all before it that a downtime has left. What is due is decided from Postgres, so
 * this may be called at any time; where nothing is due it is one small query.
 *
 * @returns what came of each month, in order; none where nothing was due
 */
export async function closeDueMonths(database: Database, signal?: AbortSignal): Promise<MonthClosing[]> {
  const [due] = await database.execute<{ month: string; isDone: boolean }>(dueStatement, [
    { settlingSeconds },
  ]);
  if (!due || due.isDone) return [];
  const closings: MonthClosing[] = [];
  for (const month of [...(await monthsLeftBefore(database, due.month)), due.month]) {
    closings.push(await closeOne(database, month, signal));
  }
  return closings;
}

/**
 * A creator that is charged for a month is charged for all before it, so going back can end at the first month
 * that has nobody left.
 * @returns in order, so that what is late in one month is adjusted in the next
 */
async function monthsLeftBefore(database: Database, month: string): Promise<string[]> {
  const months: string[] = [];
  for (let left = monthBefore(month); await hasCreatorsToCharge(database, left); left = monthBefore(left)) {
    months.unshift(left);
  }
  return months;
}

interface CreatorToCharge {
  creatorId: string;
  waitsForMonth: string | null;
}

function creatorsToCharge(
  database: Database,
  month: string,
  after: string,
  limit: number,
): Promise<CreatorToCharge[]> {
  return database.execute(creatorsStatement, [{ month, after, limit }]);
}

async function hasCreatorsToCharge(database: Database, month: string): Promise<boolean> {
  return (await creatorsToCharge(database, month, "", 1)).length > 0;
}

async function closeOne(
  database: Database,
  month: string,
  signal: AbortSignal | undefined,
): Promise<MonthClosing> {
  const notYet = new Map<string, string>();
  const inDoubt: string[] = [];
  let closed = 0;

  async function close(creatorIds: readonly string[]): Promise<string[]> {
    if (creatorIds.length === 0) return [];
    signal?.throwIfAborted();
    const outcome = await closeBatch(database, month, creatorIds);
    closed += outcome.closed.length;
    for (const creatorId of outcome.held) notYet.set(creatorId, "calls are open: holds are not settled yet");
    for (const creatorId of outcome.inDoubt) notYet.set(creatorId, "the account and its calls differ");
    inDoubt.push(...outcome.inDoubt);
    return outcome.busy;
  }

  let busy: string[] = [];
  for (let page = await creatorsToCharge(database, month, "", batchSize); page.length > 0; ) {
    for (const { creatorId, waitsForMonth } of page) {
      if (waitsForMonth !== null) notYet.set(creatorId, `${waitsForMonth} is not closed yet`);
    }
    busy.push(...(await close(page.filter((row) => row.waitsForMonth === null).map((row) => row.creatorId))));
    page = await creatorsToCharge(database, month, page.at(-1)?.creatorId ?? "", batchSize);
  }
  for (let tries = 0; busy.length > 0 && tries < busyTriesMax; tries++) {
    await sleep(busyPauseMs);
    const again: string[] = [];
    for (let at = 0; at < busy.length; at += batchSize) {
      again.push(...(await close(busy.slice(at, at + batchSize))));
    }
    busy = again;
  }
  for (const creatorId of busy) notYet.set(creatorId, "somebody else writes the account");

  if (notYet.size === 0 && !(await hasCreatorsToCharge(database, month))) {
    await database.execute(noteStatement, [{ month, settlingSeconds }]);
  }
  return { month, result: await resultOf(database, month, closed, notYet), inDoubt };
}

async function resultOf(
  database: Database,
  month: string,
  closed: number,
  notYet: ReadonlyMap<string, string>,
): Promise<CloseResult> {
  const [state] = await database.execute<{ charged: number }>(stateStatement, [{ month }]);
  return {
    closed,
    alreadyClosed: (state?.charged ?? closed) - closed,
    notYet: [...notYet].slice(0, namedMax).map(([creatorId, reason]) => ({ creatorId, reason })),
    notYetCount: notYet.size,
  };
}
