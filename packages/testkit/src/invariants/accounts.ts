import { type AccountOff, accountsOff, boundsPassed, daysOff, holdsOff } from "@understudy/ledger";
import type { World } from "./world.ts";

type Accounts = Pick<World, "database" | "platformQuotaUsd">;

/** E: each account is the sum of its calls, as each day is, and has never passed its bound. */
export async function accountsAmiss(world: Accounts): Promise<string[]> {
  const { execute } = world.database;
  const [accounts, days, bounds] = await Promise.all([
    accountsOff(execute),
    daysOff(execute),
    boundsAmiss(world),
  ]);
  const daysAmiss = days.map(
    ({ creatorId, day, agentId, model, feature, field, is, shouldBe }) =>
      `E: the day ${day} of ${creatorId} (${agentId}, ${model}, ${feature}): ${field} is ${is}, its calls say ${shouldBe}`,
  );
  return [...accounts.map(lineOf), ...daysAmiss, ...bounds];
}

/** E at a moment in which calls are open: cheap enough to be asked all the time. */
export async function accountsAmissNow(world: Accounts): Promise<string[]> {
  const [accounts, bounds] = await Promise.all([holdsOff(world.database.execute), boundsAmiss(world)]);
  return [...accounts.map(lineOf), ...bounds];
}

function lineOf({ account, field, isUsd, shouldBeUsd }: AccountOff): string {
  return `E: ${account}: ${field} is ${isUsd}, its calls say ${shouldBeUsd}`;
}

async function boundsAmiss({ database, platformQuotaUsd }: Accounts): Promise<string[]> {
  const passed = await boundsPassed(database.execute, { platformQuotaUsd });
  return passed.map(
    ({ account, takenUsd, boundUsd }) =>
      `E: ${account}: spent, held and unknown are ${takenUsd}, above ${boundUsd}`,
  );
}
