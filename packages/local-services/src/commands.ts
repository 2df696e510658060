import { spawn } from "node:child_process";

export interface CommandOutcome {
  /** null when a signal ended it. */
  code: number | null;
  /** Standard output and error, in the order of arrival. */
  output: string;
}

export interface CommandOptions {
  uid?: number;
  gid?: number;
  env?: Record<string, string>;
  /** The name it is called by, where the program's file has another. */
  calledAs?: string;
  /** Called with each line as it comes. */
  onLine?: (line: string) => void;
}

/** Runs a program to its end in `/` (a folder that every user may enter). @throws when it cannot be started */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  const { onLine, calledAs, ...spawnOptions } = options;
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...spawnOptions,
      argv0: calledAs ?? command,
      cwd: "/",
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        for (const line of text.split("\n")) if (line.trim() !== "") onLine?.(line.trim());
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

/** The full path of a program on the PATH. */
export async function findProgram(name: string): Promise<string | undefined> {
  const { code, output } = await runCommand("/bin/sh", ["-c", 'command -v -- "$1"', "sh", name]);
  return code === 0 ? output.trim() : undefined;
}
