import { type Database, loadStatement } from "@understudy/database";

const holdStatement = loadStatement(new URL("./hold-lease.sql", import.meta.url));
const endStatement = loadStatement(new URL("./end-lease.sql", import.meta.url));
const liveStatement = loadStatement(new URL("./live-leases.sql", import.meta.url));

/** Says for a while, by the clock of Postgres, that a process lives, or that some work is its own. */
export interface Lease {
  name: string;
  holder: string;
}

/**
 * Takes a lease that nobody has, or renews one's own.
 * @returns since how long it is held without a gap; undefined where another has it
 */
export async function holdLease(
  database: Database,
  { name, holder }: Lease,
  seconds: number,
): Promise<number | undefined> {
  const [row] = await database.execute<{ heldSeconds: number }>(holdStatement, [{ name, holder, seconds }]);
  return row?.heldSeconds;
}

/** Gives it up, where it is held. */
export async function endLease(database: Database, { name, holder }: Lease): Promise<void> {
  await database.execute(endStatement, [{ name, holder }]);
}

/** Names of leases that are held now. */
export async function liveLeases(database: Database): Promise<ReadonlySet<string>> {
  const rows = await database.execute<{ name: string }>(liveStatement);
  return new Set(rows.map(({ name }) => name));
}
