import { type CommandOutcome, findProgram, runCommand } from "./commands.ts";
import { LocalServiceError } from "./local-service-error.ts";
import { installPackage, NotInstallable, type PackageManager } from "./system-packages.ts";

export interface RedisProgram {
  path: string;
  /** Debian's one binary decides by the name it is called by which of its programs it is. */
  calledAs: string;
}

/**
 * Debian's `redis-server` would also start a service of its own on 6379, which nobody asked for; the very
 * same binary is in `redis-tools`, under another name.
 */
const PACKAGES: Partial<Record<PackageManager, { name: string; advice: string }>> = {
  "apt-get": { name: "redis-tools", advice: "apt-get install redis-server" },
  dnf: { name: "redis", advice: "dnf install redis" },
  apk: { name: "redis", advice: "apk add redis" },
  brew: { name: "redis", advice: "brew install redis" },
};

/**
 * Finds the Redis server, installing it by the system's package manager where it is missing.
 * @throws LocalServiceError that names what to install when that is not possible
 */
export async function ensureRedisProgram(onProgress?: (line: string) => void): Promise<RedisProgram> {
  const found = await findRedisProgram();
  if (found) return found;
  const { manager, outcome } = await installPackage("Redis", PACKAGES, 15, onProgress).catch(
    (err: unknown) => {
      throw err instanceof NotInstallable ? missing(err.advice) : err;
    },
  );
  const installed = await findRedisProgram();
  if (installed) return installed;
  throw missing(`"${PACKAGES[manager]?.advice}" failed (${lastLine(outcome)}): install Redis`);
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

function missing(what: string): LocalServiceError {
  return new LocalServiceError(
    `There is no redis-server on this machine: ${what}, or set REDIS_URL to a Redis 6.2 or newer.`,
  );
}

function lastLine({ output }: CommandOutcome): string {
  return output.trim().split("\n").at(-1) ?? "";
}
