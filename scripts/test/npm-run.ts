import { type ChildProcess, spawn } from "node:child_process";
import { eventually } from "@understudy/testkit";

export interface Ending {
  /** null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  seconds: number;
  /** All that it printed, both streams. */
  output: string;
  /** What it printed as errors, without npm's own lines about the user's npm settings. */
  errors: string;
}

/** One npm command in a terminal of its own, as far as signals can tell. */
export interface NpmRun {
  output(): string;
  /** Waits for it to print that. @throws with all it printed when it ends or the time is over before */
  printed(pattern: RegExp, seconds?: number): Promise<void>;
  /** Waits for its end and the end of everything that holds its output. @throws when that takes longer */
  ended(seconds?: number): Promise<Ending>;
  /** Waits for its end. @throws with all it printed when that is not 0 */
  succeeded(seconds?: number): Promise<Ending>;
  /** Ctrl-C, as a terminal sends it: to every process of its group. */
  pressCtrlC(): void;
}

const PATIENCE_SECONDS = 180;

export function runNpm(directory: string, args: readonly string[], ports: Record<string, string>): NpmRun {
  const startedAt = Date.now();
  // Nothing else of ours: under `npm test` the environment is full of npm's own settings.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...ports };
  const child = spawn("npm", args, {
    cwd: directory,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const command = `npm ${args.join(" ")}`;
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    errors += text;
  });
  let ending: Ending | undefined;
  child.once("close", (code, signal) => {
    const ownErrors = errors.replaceAll(/^npm warn .*\n/gm, "");
    ending = { code, signal, seconds: (Date.now() - startedAt) / 1000, output, errors: ownErrors };
  });
  endWithUs(child);

  const ended: NpmRun["ended"] = async (seconds = PATIENCE_SECONDS) =>
    await eventually(() => {
      if (!ending) throw new Error(`"${command}" does not end. It printed:\n${output}`);
      return ending;
    }, seconds * 1000);

  return {
    output: () => output,
    printed: async (pattern, seconds = PATIENCE_SECONDS) => {
      const endedBefore = await eventually(() => {
        if (pattern.test(output)) return false;
        if (ending) return true;
        throw new Error(`"${command}" does not print ${pattern}, but:\n${output}`);
      }, seconds * 1000);
      if (endedBefore) throw new Error(`"${command}" ended without printing ${pattern}, but:\n${output}`);
    },
    ended,
    succeeded: async (seconds) => {
      const end = await ended(seconds);
      if (end.code === 0) return end;
      throw new Error(`"${command}" ended with ${end.code ?? end.signal}. It printed:\n${output}`);
    },
    pressCtrlC: () => {
      if (child.pid !== undefined && !ending) process.kill(-child.pid, "SIGINT");
    },
  };
}

/**
 * It has a session of its own, so a Ctrl-C that ends these tests does not reach it: a shell reads from us, and
 * passes Ctrl-C on when we are gone.
 */
function endWithUs(child: ChildProcess): void {
  const script = 'read -r _; kill -s INT -- "-$1"';
  const shell = spawn("/bin/sh", ["-c", script, "sh", String(child.pid)], {
    cwd: "/",
    env: {},
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.stdin.on("error", () => undefined);
  child.once("close", () => shell.kill("SIGKILL"));
}
