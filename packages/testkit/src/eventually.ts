import { setTimeout as sleep } from "node:timers/promises";
import { profiled } from "./profile.ts";

/**
 * Waits until `check` throws no more, and gives its result. Tests wait for conditions, never for a fixed
 * time: `timeoutMs` only bounds how long a failure takes.
 * @throws the last failure
 */
export async function eventually<Result>(
  check: () => Result | Promise<Result>,
  timeoutMs = 30_000,
): Promise<Result> {
  const deadline = Date.now() + timeoutMs;
  return await profiled("waits", async () => {
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
      await sleep(50);
    }
  });
}
