import type { Charge } from "@understudy/contracts";
import { type Database, type Execute, loadStatement, newId } from "@understudy/database";
import { openAccounts } from "../accounts.ts";
import { readChargeBases } from "./charge-basis.ts";
import { booksAgree, computeCharge } from "./compute-charge.ts";

const lockStatement = loadStatement(new URL("./lock-accounts.sql", import.meta.url));
const writeStatement = loadStatement(new URL("./write-charges.sql", import.meta.url));

/** A row of lock-accounts.sql. */
interface LockedAccount {
  creatorId: string;
  hasHolds: boolean;
  isClosed: boolean;
  now: Date;
}

/** What became of each creator of a batch; those that are in no list were charged by another meanwhile. */
export interface BatchOutcome {
  closed: string[];
  /** Calls of theirs are open. */
  held: string[];
  /** Their account and the rows that it sums up say different things: a fault, to be looked into. */
  inDoubt: string[];
  /** Somebody else writes their account right now. */
  busy: string[];
}

/**
 * Charges creators for a month that is over, in one transaction: lock their accounts, read what was left there by
 * whoever had the locks before, write. A call that is opened meanwhile waits for the lock and finds the month
 * closed. Any number of processes may do this at once: each creator is charged by one of them.
 */
export async function closeBatch(
  database: Database,
  month: string,
  creatorIds: readonly string[],
): Promise<BatchOutcome> {
  const items = creatorIds.map((creatorId) => ({ creatorId, month }));
  await openAccounts(database.execute, items);
  return database.transaction(async (execute) => {
    const locked = await execute<LockedAccount>(lockStatement, items);
    const free = locked.filter((account) => !account.hasHolds && !account.isClosed);
    const bases = await readChargeBases(
      execute,
      month,
      free.map((account) => account.creatorId),
    );
    // Where no account is locked there is nothing to charge.
    const closedAt = locked[0]?.now.toISOString() ?? "";
    const charges = bases
      .filter(booksAgree)
      .map((basis): Charge => ({ ...computeCharge(basis), status: "closed", closedAt }));
    const lockedIds = new Set(locked.map((account) => account.creatorId));
    return {
      closed: await writeCharges(execute, charges),
      held: locked
        .filter((account) => account.hasHolds && !account.isClosed)
        .map((account) => account.creatorId),
      inDoubt: bases.filter((basis) => !booksAgree(basis)).map((basis) => basis.creatorId),
      busy: creatorIds.filter((creatorId) => !lockedIds.has(creatorId)),
    };
  });
}

async function writeCharges(execute: Execute, charges: readonly Charge[]): Promise<string[]> {
  if (charges.length === 0) return [];
  const items = charges.map(({ plan, status: _status, ...charge }) => ({
    ...charge,
    planName: plan,
    eventId: newId("evt"),
    event: { ...charge, plan, status: "closed" },
  }));
  const rows = await execute<{ creatorId: string }>(writeStatement, items);
  return rows.map((row) => row.creatorId);
}
