import { eventually } from "../eventually.ts";
import type { Stack } from "../stack.ts";
import { violationsAtRest } from "./violations-at-rest.ts";
import { watchInvariants } from "./watch-invariants.ts";
import type { Told } from "./world.ts";

/** Within which the reconciler has seen all that was left. */
const sweptMsMax = 30_000;

/**
 * Asserts the invariants of ARCHITECTURE.md as far as they can be seen after everything has come to rest.
 * @param accepted ids of all jobs that were answered with 202
 * @param lostCallsMax calls that a fault may have left open: with a row, but not on the bill, or unknown
 * @param more what else clients and receivers saw
 * @throws one Error that lists all that does not hold
 */
export async function assertInvariants(
  stack: Pick<Stack, "database" | "emulatorUrl" | "redis">,
  accepted: string[],
  lostCallsMax = 0,
  more: Partial<Told> = {},
): Promise<void> {
  const world = { database: stack.database, emulatorUrl: stack.emulatorUrl, redisUrl: stack.redis.url };
  const told = { accepted: accepted.map((id) => ({ id })), lostCallsMax, ...more };
  await eventually(async () => {
    refuse(await violationsAtRest(world, told));
  }, sweptMsMax);
}

/**
 * Watches a test's stack for what must hold at every moment: see `watchInvariants`.
 * @returns `stop` throws one Error that lists all that did not hold
 */
export function watchStack(stack: Pick<Stack, "database" | "redis">): { stop(): Promise<void> } {
  const watch = watchInvariants({ database: stack.database, redisUrl: stack.redis.url });
  return { stop: async () => refuse(await watch.stop()) };
}

function refuse(violations: readonly string[]): void {
  if (violations.length > 0)
    throw new Error(`Invariants do not hold:\n${violations.slice(0, 20).join("\n")}`);
}
