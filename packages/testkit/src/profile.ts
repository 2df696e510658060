import { appendFileSync } from "node:fs";
import { relative } from "node:path";

/** What a suite spends its time on beside its own work. */
type ProfiledWork = "apps" | "redis" | "databases" | "waits";

/** Where `npm test -- --profile` has it written down, a line of JSON each; unset: nowhere. */
const file = process.env.UNDERSTUDY_TEST_PROFILE;

/** Jest's own, which is there in its tests alone: benchmarks use this package as well. */
const { expect } = globalThis as { expect?: { getState(): { testPath?: string } } };

/** Does some work, and notes how long it took. */
export async function profiled<Result>(work: ProfiledWork, run: () => Promise<Result>): Promise<Result> {
  if (file === undefined) return await run();
  const startedAt = Date.now();
  try {
    return await run();
  } finally {
    const suite = relative(process.cwd(), expect?.getState().testPath ?? "");
    appendFileSync(file, `${JSON.stringify({ suite, work, ms: Date.now() - startedAt })}\n`);
  }
}
