import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks until the answer is not `undefined`, `false` or `null`.
 * @returns the answer, or undefined when the time is over
 */
export async function waitUntil<T>(
  ask: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  timeoutMs: number,
  everyMs = 20,
): Promise<T | undefined> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false && answer !== null) return answer;
    if (Date.now() >= deadline) return undefined;
    await sleep(everyMs);
  }
}
