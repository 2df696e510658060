import { accountsAmiss } from "./accounts.ts";
import { alertsUntold } from "./alerts-told.ts";
import { callsAmiss } from "./calls.ts";
import { endsUntold } from "./ends-told.ts";
import { endedAmiss, endsAmiss, readJobs } from "./jobs.ts";
import { leftBehind } from "./leftovers.ts";
import { releasesAmiss } from "./releases.ts";
import type { Told, World } from "./world.ts";

/**
 * Asks for the invariants A to G and K of ARCHITECTURE.md, as they are after everything has come to rest. It
 * only looks: it waits for nothing and changes nothing. What is still on its way is a violation as well: ask
 * again until there is none.
 * @returns one line for each violation, beginning with the invariant's letter
 * @throws where Postgres, Redis or the emulator can't be asked
 */
export async function violationsAtRest(world: World, told: Told): Promise<string[]> {
  const jobs = await readJobs(world);
  const found = await Promise.all([
    endsAmiss(jobs, told),
    callsAmiss(world, told),
    endsUntold(world, jobs, told),
    alertsUntold(world),
    accountsAmiss(world),
    leftBehind(world, told),
    endedAmiss(jobs, told),
    releasesAmiss(world),
  ]);
  return found.flat();
}
