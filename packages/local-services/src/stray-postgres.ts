import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LocalServiceError } from "./local-service-error.ts";
import { commandLine, identify, isRunning, signalProcess } from "./processes.ts";
import { waitUntil } from "./wait-until.ts";

const STOP_SECONDS = 30;

/**
 * Makes a data directory free to start in: stops the Postgres that a killed owner left behind in it, and
 * disarms a lock file whose pid belongs to nobody or, by now, to some other program.
 *
 * It is stopped rather than adopted: whoever starts it anew is its parent, hears of its death, and knows
 * its settings.
 */
export async function stopStrayPostgres(
  dataDirectory: string,
  onProgress?: (line: string) => void,
): Promise<void> {
  const lockFile = join(dataDirectory, "postmaster.pid");
  const lock = readLock(lockFile);
  if (lock === undefined) return;
  const stray = isPostmasterOf(lock.pid, dataDirectory) ? identify(lock.pid) : undefined;
  if (!stray) {
    disarm(lockFile, lock.lines);
    return;
  }
  onProgress?.(`Postgres of an earlier run is still there (pid ${lock.pid}): stopping it`);
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    signalProcess(stray.pid, signal);
    // Stopped by SIGSTOP, it would not hear the first two.
    if (signal !== "SIGKILL") signalProcess(stray.pid, "SIGCONT");
    if (await waitUntil(() => !isRunning(stray), STOP_SECONDS * 1000)) break;
  }
  if (isRunning(stray)) {
    throw new LocalServiceError(
      `Postgres of an earlier run (pid ${stray.pid}) does not stop: end it by hand (kill -9 ${stray.pid}) and start again.`,
    );
  }
  const left = readLock(lockFile);
  if (left) disarm(lockFile, left.lines);
}

/** The pid that the lock file of a data directory names. */
export function postmasterStatus(dataDirectory: string): { pid: number; isReady: boolean } | undefined {
  const lock = readLock(join(dataDirectory, "postmaster.pid"));
  return lock && { pid: lock.pid, isReady: lock.lines[7]?.trim() === "ready" };
}

function readLock(lockFile: string): { pid: number; lines: string[] } | undefined {
  try {
    const lines = readFileSync(lockFile, "utf8").split("\n");
    return { pid: Number(lines[0]), lines };
  } catch {
    return undefined;
  }
}

function isPostmasterOf(pid: number, dataDirectory: string): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  return commandLine(pid).includes(` -D ${dataDirectory} `);
}

/**
 * The file is not simply deleted: it names the shared memory by which Postgres sees that backends of the
 * dead server are still at work on the data. Only the pid is replaced by that of its parent to be, which
 * Postgres takes for stale (CreateLockFile in miscinit.c). A file without any pid is worth nothing.
 */
function disarm(lockFile: string, lines: string[]): void {
  if (lines.length < 2 || lines[0]?.trim() === "") {
    rmSync(lockFile, { force: true });
    return;
  }
  writeFileSync(lockFile, [String(process.pid), ...lines.slice(1)].join("\n"));
}
