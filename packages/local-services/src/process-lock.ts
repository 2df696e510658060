import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { isRunning, ownIdentity, type ProcessIdentity } from "./processes.ts";

export interface ProcessLock {
  release(): void;
}

/** A steal takes a few milliseconds; one that is older was killed in between. */
const STEAL_ABANDONED_AFTER_MS = 5_000;

/**
 * Takes a lock that lives as long as this process: a file with the identity of its holder. A lock whose
 * holder is gone (kill -9 and reuse of its pid included) is taken over.
 *
 * @returns the lock, or who holds it
 */
export function acquireProcessLock(path: string): ProcessLock | { heldBy: ProcessIdentity } {
  for (;;) {
    if (createWhole(path)) return { release: () => releaseOwn(path) };
    const holder = readHolder(path);
    if (holder && isRunning(holder)) return { heldBy: holder };
    removeStale(path);
  }
}

/** Who holds the lock now; undefined when nobody does, or only a process that is gone. */
export function lockHolder(path: string): ProcessIdentity | undefined {
  const holder = readHolder(path);
  return holder && isRunning(holder) ? holder : undefined;
}

/** A link appears with its content in one step: no other process ever reads a half-written lock. */
function createWhole(path: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(ownIdentity()), { mode: 0o644 });
  try {
    linkSync(draft, path);
    return true;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "EEXIST") throw err;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Under a lock of its own: of two that find the lock stale, the slower must not remove the faster one's. */
function removeStale(path: string): void {
  const steal = `${path}.steal`;
  if (!createWhole(steal)) {
    const ageMs = Date.now() - (statSync(steal, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (ageMs > STEAL_ABANDONED_AFTER_MS) rmSync(steal, { force: true });
    return;
  }
  try {
    const holder = readHolder(path);
    if (!holder || !isRunning(holder)) rmSync(path, { force: true });
  } finally {
    rmSync(steal, { force: true });
  }
}

function releaseOwn(path: string): void {
  if (readHolder(path)?.pid === process.pid) rmSync(path, { force: true });
}

function readHolder(path: string): ProcessIdentity | undefined {
  try {
    const { pid, startedAt } = JSON.parse(readFileSync(path, "utf8")) as Partial<ProcessIdentity>;
    return typeof pid === "number" && typeof startedAt === "string" ? { pid, startedAt } : undefined;
  } catch {
    return undefined;
  }
}
