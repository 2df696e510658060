import { userInfo } from "node:os";
import { type CommandOutcome, findProgram, runCommand } from "./commands.ts";
import { LocalServiceError } from "./local-service-error.ts";
import { waitUntil } from "./wait-until.ts";

export interface RedisProgram {
  path: string;
  /** Debian's one binary decides by the name it is called by which of its programs it is. */
  calledAs: string;
}

interface PackageManager {
  program: string;
  refresh?: readonly string[];
  install: readonly string[];
  /** What a person would type. */
  advice: string;
  needsRoot: boolean;
}

/**
 * Debian's `redis-server` would also start a service of its own on 6379, which nobody asked for; the very
 * same binary is in `redis-tools`, under another name.
 */
const PACKAGE_MANAGERS: readonly PackageManager[] = [
  {
    program: "apt-get",
    refresh: ["update", "-o", "DPkg::Lock::Timeout=120"],
    install: ["install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120", "redis-tools"],
    advice: "apt-get install redis-server",
    needsRoot: true,
  },
  { program: "dnf", install: ["install", "-y", "redis"], advice: "dnf install redis", needsRoot: true },
  { program: "apk", install: ["add", "--no-cache", "redis"], advice: "apk add redis", needsRoot: true },
  { program: "brew", install: ["install", "redis"], advice: "brew install redis", needsRoot: false },
];

const PACKAGE_LOCK_SECONDS = 120;

/**
 * Finds the Redis server, installing it by the system's package manager where it is missing.
 * @throws LocalServiceError that names what to install when that is not possible
 */
export async function ensureRedisProgram(onProgress?: (line: string) => void): Promise<RedisProgram> {
  const found = await findRedisProgram();
  if (found) return found;
  const manager = await findPackageManager();
  if (!manager) throw missing("install Redis");
  const prefix = await rootPrefix(manager);
  onProgress?.(`Redis is not on this machine: installing it by ${manager.program} (once, about 15 s)`);
  const outcome = await install(manager, prefix, onProgress);
  const installed = await findRedisProgram();
  if (installed) return installed;
  throw missing(`"${manager.advice}" failed (${lastLine(outcome.output)}): install Redis`);
}

async function findRedisProgram(): Promise<RedisProgram | undefined> {
  for (const name of ["redis-server", "valkey-server"]) {
    const path = await findProgram(name);
    if (path) return { path, calledAs: name };
  }
  const path = await findProgram("redis-check-rdb");
  return path && (await isServer(path)) ? { path, calledAs: "redis-server" } : undefined;
}

async function isServer(path: string): Promise<boolean> {
  const { output } = await runCommand(path, ["--version"], { calledAs: "redis-server" });
  return output.startsWith("Redis server");
}

async function findPackageManager(): Promise<PackageManager | undefined> {
  for (const manager of PACKAGE_MANAGERS) if (await findProgram(manager.program)) return manager;
  return undefined;
}

/** What must stand before the command so that it runs with the rights that it needs. */
async function rootPrefix(manager: PackageManager): Promise<string[]> {
  if (!manager.needsRoot || userInfo().uid === 0) return [];
  const sudo = await findProgram("sudo");
  if (sudo && (await runCommand(sudo, ["-n", "true"])).code === 0) return [sudo, "-n"];
  throw missing(`run "sudo ${manager.advice}"`);
}

async function install(
  manager: PackageManager,
  prefix: readonly string[],
  onProgress?: (line: string) => void,
): Promise<CommandOutcome> {
  const run = async (args: readonly string[]) =>
    await runUnlocked(
      [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", manager.program, ...args],
      onProgress,
    );
  const first = await run(manager.install);
  if (first.code === 0 || !manager.refresh) return first;
  // The lists of packages are missing or too old.
  onProgress?.("Redis: refreshing the lists of packages");
  await run(manager.refresh);
  return await run(manager.install);
}

/** Not all of apt's locks know how to wait: another that installs at the same time is waited for here. */
async function runUnlocked(
  [command = "", ...args]: readonly string[],
  onProgress?: (line: string) => void,
): Promise<CommandOutcome> {
  let outcome: CommandOutcome = { code: 1, output: "" };
  await waitUntil(
    async () => {
      outcome = await runCommand(command, args, {
        onLine: (line) => {
          if (/^(Unpacking|Setting up|==> )/.test(line)) onProgress?.(`Redis: ${line}`);
        },
      });
      return outcome.code === 0 || !/Could not get lock|Unable to (acquire|lock)/.test(outcome.output);
    },
    PACKAGE_LOCK_SECONDS * 1000,
    1000,
  );
  return outcome;
}

function missing(what: string): LocalServiceError {
  return new LocalServiceError(
    `There is no redis-server on this machine: ${what}, or set REDIS_URL to a Redis 6.2 or newer.`,
  );
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
