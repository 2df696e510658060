import { loadStatement, type Statement } from "@understudy/database";
import type { World } from "./world.ts";

const accountsOff = loadStatement(new URL("./accounts-off.sql", import.meta.url));
const holdsOff = loadStatement(new URL("./holds-off.sql", import.meta.url));
const boundsPassed = loadStatement(new URL("./bounds-passed.sql", import.meta.url));

type Accounts = Pick<World, "database" | "platformQuotaUsd">;

/** E: each account is the sum of its calls, and has never passed its bound. */
export async function accountsAmiss(world: Accounts): Promise<string[]> {
  return (await Promise.all([figuresOff(world, accountsOff), boundsAmiss(world)])).flat();
}

/** E at a moment in which calls are open: cheap enough to be asked all the time. */
export async function accountsAmissNow(world: Accounts): Promise<string[]> {
  return (await Promise.all([figuresOff(world, holdsOff), boundsAmiss(world)])).flat();
}

async function figuresOff({ database }: Accounts, statement: Statement): Promise<string[]> {
  const rows = await database.execute<{
    account: string;
    field: string;
    isUsd: string;
    shouldBeUsd: string;
  }>(statement);
  return rows.map(
    ({ account, field, isUsd, shouldBeUsd }) =>
      `E: ${account}: ${field} is ${isUsd}, its calls say ${shouldBeUsd}`,
  );
}

async function boundsAmiss({ database, platformQuotaUsd }: Accounts): Promise<string[]> {
  const rows = await database.execute<{ account: string; takenUsd: string; boundUsd: string }>(boundsPassed, [
    { platformQuotaUsd },
  ]);
  return rows.map(
    ({ account, takenUsd, boundUsd }) =>
      `E: ${account}: spent, held and unknown are ${takenUsd}, above ${boundUsd}`,
  );
}
