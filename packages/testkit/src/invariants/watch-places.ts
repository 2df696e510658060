import type { Stack } from "../stack.ts";
import { watchInvariants } from "./watch-invariants.ts";

/** Asks all the time, in a test, for what must hold at every moment: see `watchInvariants`. */
export function watchPlaces(stack: Pick<Stack, "database" | "redis">): { stop(): Promise<void> } {
  const watch = watchInvariants({ database: stack.database, redisUrl: stack.redis.url });
  return {
    async stop() {
      const violations = await watch.stop();
      if (violations.length > 0)
        throw new Error(`Invariants did not hold:\n${violations.slice(0, 20).join("\n")}`);
    },
  };
}
