import { userInfo } from "node:os";
import { type CommandOutcome, findProgram, runCommand } from "./commands.ts";
import { waitUntil } from "./wait-until.ts";

interface Manager {
  program: string;
  refresh?: readonly string[];
  install: readonly string[];
  needsRoot: boolean;
}

const aptLock = ["-o", "DPkg::Lock::Timeout=120"];

const managers = [
  {
    program: "apt-get",
    refresh: ["update", ...aptLock],
    install: ["install", "-y", "--no-install-recommends", ...aptLock],
    needsRoot: true,
  },
  { program: "dnf", install: ["install", "-y"], needsRoot: true },
  { program: "apk", install: ["add", "--no-cache"], needsRoot: true },
  { program: "brew", install: ["install"], needsRoot: false },
] as const satisfies Manager[];

export type PackageManager = (typeof managers)[number]["program"];

const lockSecondsMax = 120;

/** Nothing on this machine can install it; `advice` says what a person can do. */
export class NotInstallable extends Error {
  readonly advice: string;

  constructor(advice: string) {
    super(advice);
    this.name = "NotInstallable";
    this.advice = advice;
  }
}

/**
 * Installs a program by the system's package manager.
 * @param title for people
 * @param packages how each manager calls it, and what a person would type
 * @param seconds about how long it takes
 * @throws NotInstallable where there is no manager that has it, or the rights are missing
 */
export async function installPackage(
  title: string,
  packages: Partial<Record<PackageManager, { name: string; advice: string }>>,
  seconds: number,
  onProgress?: (line: string) => void,
): Promise<{ manager: PackageManager; outcome: CommandOutcome }> {
  for (const manager of managers) {
    const wanted = packages[manager.program];
    if (!wanted || !(await findProgram(manager.program))) continue;
    const prefix = await rootPrefix(manager, wanted.advice);
    onProgress?.(
      `${title} is not on this machine: installing it by ${manager.program} (once, about ${seconds} s)`,
    );
    const outcome = await install(title, manager, wanted.name, prefix, onProgress);
    return { manager: manager.program, outcome };
  }
  throw new NotInstallable(`install ${title}`);
}

/** What must stand before the command so that it runs with the rights that it needs. */
async function rootPrefix(manager: Manager, advice: string): Promise<string[]> {
  if (!manager.needsRoot || userInfo().uid === 0) return [];
  const sudo = await findProgram("sudo");
  if (sudo && (await runCommand(sudo, ["-n", "true"])).code === 0) return [sudo, "-n"];
  throw new NotInstallable(`run "sudo ${advice}"`);
}

async function install(
  title: string,
  manager: Manager,
  name: string,
  prefix: readonly string[],
  onProgress?: (line: string) => void,
): Promise<CommandOutcome> {
  const run = async (args: readonly string[]) =>
    await runUnlocked(
      title,
      [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", manager.program, ...args],
      onProgress,
    );
  const first = await run([...manager.install, name]);
  if (first.code === 0 || !manager.refresh) return first;
  // The lists of packages are missing or too old.
  onProgress?.(`${title}: refreshing the lists of packages`);
  await run(manager.refresh);
  return await run([...manager.install, name]);
}

/** Not all of apt's locks know how to wait: another that installs at the same time is waited for here. */
async function runUnlocked(
  title: string,
  [command = "", ...args]: readonly string[],
  onProgress?: (line: string) => void,
): Promise<CommandOutcome> {
  let outcome: CommandOutcome = { code: 1, output: "" };
  await waitUntil(
    async () => {
      outcome = await runCommand(command, args, {
        onLine: (line) => {
          if (/^(Unpacking|Setting up|==> )/.test(line)) onProgress?.(`${title}: ${line}`);
        },
      });
      return outcome.code === 0 || !/Could not get lock|Unable to (acquire|lock)/.test(outcome.output);
    },
    lockSecondsMax * 1000,
    1000,
  );
  return outcome;
}
