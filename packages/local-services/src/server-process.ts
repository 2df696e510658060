import { spawn } from "node:child_process";
import { closeSync, fstatSync } from "node:fs";
import { openLog } from "./log-file.ts";
import { signalProcess } from "./processes.ts";

export interface ServerCommand {
  command: string;
  args: readonly string[];
  /** Its own, small environment: services need none of the user's secrets. */
  env: Record<string, string>;
  logFile: string;
  /** Written to its standard input, so that it shows up in no process list. */
  input?: string;
  /** The name it is called by, where the program's file has another. */
  calledAs?: string;
  uid?: number;
  gid?: number;
  /** The signal that it gets when this process is gone, however that ended; without it, it lives on. */
  signalWithOwner?: NodeJS.Signals | undefined;
}

export interface ServerProcess {
  pid: number;
  /** Where in its log this life of it begins. */
  logStart: number;
  /** Resolves when it has ended, with how ("exit code 1", "SIGKILL"). Never rejects. */
  ended: Promise<string>;
  hasEnded(): boolean;
  signal(signal: NodeJS.Signals): void;
}

/**
 * Starts a server in a session of its own, so that Ctrl-C in the terminal does not reach it: whoever
 * started it decides when it stops, after those that depend on it.
 * @throws when the program cannot be started at all
 */
export async function spawnServer(server: ServerCommand): Promise<ServerProcess> {
  const log = openLog(server.logFile);
  const logStart = fstatSync(log).size;
  const child = spawn(server.command, server.args, {
    cwd: "/",
    detached: true,
    env: server.env,
    stdio: [server.input === undefined ? "ignore" : "pipe", log, log],
    ...(server.calledAs === undefined ? {} : { argv0: server.calledAs }),
    ...(server.uid === undefined ? {} : { uid: server.uid }),
    ...(server.gid === undefined ? {} : { gid: server.gid }),
  });
  closeSync(log);
  let hasEnded = false;
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      hasEnded = true;
      resolve(signal ?? `exit code ${code}`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  // A server that ends before it has read its input is seen by `ended`.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(server.input);
  const pid = child.pid ?? 0;
  if (server.signalWithOwner) guard(pid, server.signalWithOwner, ended);
  return {
    pid,
    logStart,
    ended,
    hasEnded: () => hasEnded,
    signal: (signal) => {
      if (!hasEnded) signalProcess(pid, signal);
    },
  };
}

/**
 * A shell that reads from us: when we are gone, kill -9 included, its input ends and it sends the signal. It
 * ends with the server, so that it never hits another process with the same pid. A server that was stopped
 * (SIGSTOP) gets no signal but SIGKILL before it goes on.
 */
function guard(pid: number, signal: NodeJS.Signals, serverEnded: Promise<string>): void {
  const script = 'read -r _; kill -s "$1" "$2"; kill -s CONT "$2"';
  const shell = spawn("/bin/sh", ["-c", script, "sh", signal.slice(3), String(pid)], {
    cwd: "/",
    detached: true,
    env: {},
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  void serverEnded.then(() => shell.kill("SIGKILL"));
}

/** Ends a server: each signal in turn, with the time it has (milliseconds) until the next; the last is waited for. */
export async function endServer(
  server: ServerProcess,
  steps: readonly { signal: NodeJS.Signals; patienceMs: number }[],
): Promise<void> {
  for (const { signal, patienceMs } of steps) {
    if (server.hasEnded()) return;
    server.signal(signal);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([server.ended, patience]);
    clearTimeout(timer);
  }
  await server.ended;
}
