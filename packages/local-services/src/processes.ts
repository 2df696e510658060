import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A process, told apart from a later one with the same pid by when it began. */
export interface ProcessIdentity {
  pid: number;
  startedAt: string;
}

interface ProcessRow {
  pid: number;
  parentPid: number;
  state: string;
  /** Opaque; the same as long as it is the same process. */
  startedAt: string;
}

/** The process that runs this code. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: readProcess(process.pid)?.startedAt ?? "unknown" };
}

/** Whether that very process still runs (a zombie does not: in a container, nobody may ever reap it). */
export function isRunning(identity: ProcessIdentity): boolean {
  return readProcess(identity.pid)?.startedAt === identity.startedAt;
}

/** The identity of the process that now has this pid, if there is one. */
export function identify(pid: number): ProcessIdentity | undefined {
  const row = readProcess(pid);
  return row && { pid, startedAt: row.startedAt };
}

/** The command line of a process, its arguments separated by spaces; empty if there is none. */
export function commandLine(pid: number): string {
  try {
    if (process.platform === "linux") {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    }
    return execFileSync("ps", ["-o", "command=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: "pipe",
    }).trim();
  } catch {
    return "";
  }
}

/** The direct children of a process. */
export function childrenOf(pid: number): ProcessIdentity[] {
  return allPids()
    .map(readProcess)
    .filter((row) => row !== undefined)
    .filter((row) => row.parentPid === pid);
}

/** The pids of a process and its direct children: of a Postgres all that it is. */
export function withChildren(pid: number): number[] {
  return [pid, ...childrenOf(pid).map((child) => child.pid)];
}

/** Sends a signal; a process that is gone already is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "ESRCH") throw err;
  }
}

function allPids(): number[] {
  if (process.platform === "linux") return readdirSync("/proc").map(Number).filter(Number.isInteger);
  const listed = execFileSync("ps", ["-A", "-o", "pid="], { encoding: "utf8", stdio: "pipe" });
  return listed.trim().split(/\s+/).map(Number);
}

function readProcess(pid: number): ProcessRow | undefined {
  const row = process.platform === "linux" ? readFromProc(pid) : readFromPs(pid);
  return row?.state.startsWith("Z") ? undefined : row;
}

/** Ticks since boot are the finest start time there is; the boot's id keeps them apart across reboots. */
function readFromProc(pid: number): ProcessRow | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the program's name in brackets and may hold spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, parentPid, ticks] = [fields[0], fields[1], fields[19]];
    if (state === undefined || parentPid === undefined || ticks === undefined) return undefined;
    return { pid, parentPid: Number(parentPid), state, startedAt: `${bootId()}:${ticks}` };
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

function readFromPs(pid: number): ProcessRow | undefined {
  try {
    const line = execFileSync("ps", ["-o", "ppid=,state=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: "pipe",
    }).trim();
    const [parentPid, state, ...start] = line.split(/\s+/);
    if (parentPid === undefined || state === undefined) return undefined;
    return { pid, parentPid: Number(parentPid), state, startedAt: start.join(" ") };
  } catch {
    return undefined;
  }
}
