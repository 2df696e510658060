import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunningService } from "@understudy/service";
import { isApiInProcess, startApiInProcess } from "./api-in-process.ts";
import { profiled } from "./profile.ts";

const ownRoot = fileURLToPath(new URL("../../..", import.meta.url));

/** One of the apps in a process of its own, as production runs it. */
export interface ServiceProcess {
  /** What it said when it was ready, such as `url`. */
  details: Record<string, string | number>;
  pid: number;
  /** All that it has printed so far. */
  output(): string;
  /** How it ended: its exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>;
  /** SIGTERM, and its exit code. */
  stop(): Promise<number | null>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Sends a signal such as SIGSTOP. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a message over its channel. */
  tell(message: object): void;
}

/** The built apps, which start faster than their sources; set by the commands that test and measure. */
const build = process.env.UNDERSTUDY_BUILD;

/** Apps compile WebAssembly as this process does: see `scripts/test.mjs`. */
const flags = process.execArgv.filter((flag) => flag === "--liftoff-only");

/**
 * Starts an app and waits until it is ready. It stops by itself when this process ends.
 * @param root the checkout whose sources it runs from; this one's build unless given
 * @param signal ends it where it is not ready yet
 * @throws with what it printed where it ends before that
 */
export async function spawnService(
  app: "api" | "worker" | "gemini-emulator",
  environment: Record<string, string>,
  root?: string,
  signal?: AbortSignal,
): Promise<ServiceProcess> {
  if (isApiInProcess && app === "api")
    return await asProcess(startApiInProcess(root ?? ownRoot, environment));
  const program =
    build === undefined || root !== undefined
      ? ["--import", "tsx", `apps/${app}/src/main.ts`]
      : // Without source maps, which take a fifth of a start: names of functions say where in a stack one is.
        [join(build, `${app}.mjs`)];
  const child = spawn(process.execPath, [...flags, ...program], {
    cwd: root ?? ownRoot,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // Ctrl-C is for whoever started it, who ends it in order.
    detached: true,
  });
  const end = () => void child.kill("SIGKILL");
  signal?.addEventListener("abort", end);
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => chunks.push(chunk));
  }
  const output = () => chunks.join("");
  const details = await profiled("apps", () => readiness(child, app, output)).finally(() =>
    signal?.removeEventListener("abort", end),
  );
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null)
      resolve(child.exitCode ?? child.signalCode ?? 1);
    child.once("exit", (code, signal) => resolve(code ?? signal ?? 1));
  });

  async function endBy(signal: NodeJS.Signals): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    await ended;
    return child.exitCode;
  }
  return {
    details,
    pid: child.pid ?? 0,
    output,
    ended,
    stop: () => endBy("SIGTERM"),
    kill: async () => void (await endBy("SIGKILL")),
    signal: (signal) => void child.kill(signal),
    tell: (message) => void (child.connected && child.send(message)),
  };
}

/** What can be done with an API that has no process of its own. */
async function asProcess(starting: Promise<RunningService>): Promise<ServiceProcess> {
  const service = await starting;
  const cannot = () => {
    throw new Error("This API runs in the test's own process, which can't be killed.");
  };
  const stop = () => service.stop().then(() => 0);
  const handle = {
    details: service.details,
    pid: process.pid,
    output: () => "",
    ended: new Promise<number>(() => {}),
  };
  return { ...handle, stop, kill: cannot, signal: cannot, tell: cannot };
}

function readiness(child: ChildProcess, app: string, output: () => string) {
  return new Promise<ServiceProcess["details"]>((resolve, reject) => {
    child.once("message", (message) => resolve((message as { ready: ServiceProcess["details"] }).ready));
    child.once("exit", (code) =>
      reject(new Error(`${app} ended with ${code} before it was ready:\n${output()}`)),
    );
    child.once("error", reject);
  });
}
