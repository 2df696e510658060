import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

interface Ending {
  code: number | null;
  output: string;
}

/** Runs the command as a person does, without the search for a smaller schedule. */
export function runChaos(...argv: string[]): Promise<Ending> {
  return run(argv, () => false);
}

/** Runs it, and presses Ctrl-C when it has printed that. */
export function interruptChaos(printed: RegExp, ...argv: string[]): Promise<Ending> {
  return run(argv, (output) => printed.test(output));
}

async function run(argv: readonly string[], isToBeInterrupted: (output: string) => boolean): Promise<Ending> {
  const directory = mkdtempSync(join(tmpdir(), "understudy-test-"));
  const command = ["scripts/chaos.mjs", "--shrink", "0", "--out", directory, ...argv];
  const child = spawn(process.execPath, command, {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let isInterrupted = false;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (!isInterrupted && isToBeInterrupted(output)) isInterrupted = child.kill("SIGINT");
    });
  const [code] = (await once(child, "close")) as [number | null];
  rmSync(directory, { recursive: true });
  return { code, output };
}

/** Its last line where nothing was violated. */
export function verdictOf(seed: number): RegExp {
  return new RegExp(`chaos: seed ${seed}: 0 violations, [1-9]\\d* faults, [1-9]\\d* jobs, .*at rest after`);
}
