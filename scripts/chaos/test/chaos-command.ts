import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ending, type NpmRun, runNpm } from "../../test/npm-run.ts";

const ownRoot = fileURLToPath(new URL("../../..", import.meta.url));

/** Longer than any run with what is left after it. */
const patienceSeconds = 600;

/**
 * Runs the command as a person does, without the search for a smaller schedule, and deletes what it writes.
 * @param meanwhile is done while it runs
 * @param root the checkout whose command it is
 */
export async function runChaos(
  argv: string,
  meanwhile: (run: NpmRun) => Promise<void> = async () => {},
  root = ownRoot,
): Promise<Ending> {
  const directory = mkdtempSync(join(tmpdir(), "understudy-test-"));
  try {
    const run = runNpm(
      root,
      ["run", "chaos", "--", "--shrink", "0", "--out", directory, ...argv.split(" ")],
      {},
    );
    await meanwhile(run);
    return await run.ended(patienceSeconds);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What it printed last. */
export function verdictOf({ output }: Ending): string {
  return output.trim().split("\n").at(-1) ?? "";
}

/** A verdict without a violation. */
export function unharmed(seed: number): RegExp {
  return new RegExp(`^chaos: seed ${seed}: 0 violations, [1-9]\\d* faults, [1-9]\\d* jobs, .*at rest after`);
}
