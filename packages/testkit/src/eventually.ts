import { setTimeout as sleep } from "node:timers/promises";
import { profiled } from "./profile.ts";

/** Between two looks at least and at most; what has taken long already is looked at less often, since looks cost. */
const [pauseMsMin, pauseMsMax] = [50, 250];

/**
 * Waits until `check` throws no more, and gives its result. Tests wait for conditions, never for a fixed
 * time: `timeoutMs` only bounds how long a failure takes.
 * @throws the last failure
 */
export async function eventually<Result>(
  check: () => Result | Promise<Result>,
  timeoutMs = 30_000,
): Promise<Result> {
  const begunAt = Date.now();
  return await profiled("waits", async () => {
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (Date.now() - begunAt > timeoutMs) throw error;
      }
      await sleep(Math.min(pauseMsMax, Math.max(pauseMsMin, (Date.now() - begunAt) / 20)));
    }
  });
}
