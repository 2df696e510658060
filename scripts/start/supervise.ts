import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync } from "node:fs";
import { join } from "node:path";
import { identify, openLog, readLog } from "@understudy/local-services";
import { LaunchError } from "./launch-error.ts";
import { recordProcess } from "./leftovers.ts";
import { explainLog } from "./log-tail.ts";
import { logFileOf, places } from "./places.ts";
import { say } from "./progress.ts";
import { createReviver } from "./revive.ts";

/** Something that runs and can be stopped; the launcher stops them in the reverse order of their start. */
export interface Part {
  name: string;
  /** In order, finishing the work under way. */
  stop(): Promise<void>;
  /** Makes a stop that is under way end at once. */
  hurry(): void;
}

export interface AppSpec {
  /** For people; the log's name is the same in lower case. */
  name: string;
  /** As its build is called. */
  app: "api" | "worker" | "gemini-emulator";
  env: Record<string, string | undefined>;
}

const READY_SECONDS = 60;

export interface SupervisedApp extends Part {
  /** Resolves when it is ready. @throws LaunchError with the end of its log when it does not get ready */
  start(): Promise<void>;
}

/**
 * One of the apps, kept alive once it has started. It has a session of its own, so Ctrl-C does not reach it;
 * it says over IPC when it is ready and stops by itself when this process is gone.
 *
 * @param stopSecondsMax after which a stop is no longer waited for: the apps have shorter deadlines of their own
 * @param giveUp called when it keeps dying
 */
export function superviseApp(spec: AppSpec, stopSecondsMax: number, giveUp: () => void): SupervisedApp {
  const reviver = createReviver(spec.name, start, () => {
    say(explainLog(readLog(logFile, logStart)));
    say(`  Log: ${logFile}`);
    giveUp();
  });
  const logFile = logFileOf(spec.name);
  let logStart = 0;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const { child: launched, ready, logStart: startedAtByte } = spawnApp(spec, logFile);
    child = launched;
    logStart = startedAtByte;
    recordProcess(spec.name, launched.pid === undefined ? undefined : identify(launched.pid));
    await ready;
    launched.once("exit", (code, signal) => void reviver.died(signal ?? `exit code ${code}`));
  }

  return {
    name: spec.name,
    start,
    async stop() {
      reviver.cease();
      await endChild(child, stopSecondsMax);
      recordProcess(spec.name, undefined);
    },
    hurry() {
      reviver.cease();
      child?.kill("SIGKILL");
    },
  };
}

interface SpawnedApp {
  child: ChildProcess;
  ready: Promise<void>;
  /** Where in its log this life of it begins. */
  logStart: number;
}

function spawnApp(spec: AppSpec, logFile: string): SpawnedApp {
  const log = openLog(logFile);
  const logStart = fstatSync(log).size;
  const child = spawn(process.execPath, ["--enable-source-maps", join(places.build, `${spec.app}.mjs`)], {
    cwd: places.root,
    env: spec.env,
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  const ready = new Promise<void>((resolve, reject) => {
    const fail = (why: string) =>
      reject(
        new LaunchError(`${spec.name} ${why}\n${explainLog(readLog(logFile, logStart))}\n  Log: ${logFile}`),
      );
    const timer = setTimeout(() => {
      fail(`is not ready after ${READY_SECONDS} s`);
      child.kill("SIGKILL");
    }, READY_SECONDS * 1000);
    child.on("message", (message: unknown) => {
      if (typeof message === "object" && message !== null && "ready" in message) settle(resolve);
    });
    child.once("exit", (code, signal) =>
      settle(() => fail(`did not start (${signal ?? `exit code ${code}`})`)),
    );
    child.once("error", (err) => settle(() => fail(err.message)));
    function settle(how: () => void): void {
      clearTimeout(timer);
      how();
    }
  });
  return { child, ready, logStart };
}

async function endChild(child: ChildProcess | undefined, stopSecondsMax: number): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopSecondsMax * 1000);
  await ended;
  clearTimeout(timer);
}
