import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LocalServiceError } from "./local-service-error.ts";
import { commandLine, identify, isRunning, signalProcess } from "./processes.ts";
import { askRedis } from "./redis-connection.ts";
import { waitUntil } from "./wait-until.ts";

const STOP_SECONDS = 20;

/** Where a Redis would be, if an earlier owner left one behind. */
export interface RedisTraces {
  directory: string;
  dataDirectory: string;
  password: string;
  /** The port it was last told to listen on. */
  port: number | undefined;
}

/**
 * Stops the Redis that a killed owner left behind, so that no two ever write the same files. A process that
 * merely has its pid by now is left alone. (Why it is not adopted: see stopStrayPostgres.)
 */
export async function stopStrayRedis(
  traces: RedisTraces,
  onProgress?: (line: string) => void,
): Promise<void> {
  const pidFile = join(traces.directory, "redis.pid");
  const pid = readPid(pidFile);
  const process = pid === undefined ? undefined : identify(pid);
  if (process && (await isOurs(process.pid, traces))) {
    onProgress?.(`Redis of an earlier run is still there (pid ${process.pid}): stopping it`);
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      signalProcess(process.pid, signal);
      // Stopped by SIGSTOP, it would not hear the first.
      if (signal !== "SIGKILL") signalProcess(process.pid, "SIGCONT");
      if (await waitUntil(() => !isRunning(process), STOP_SECONDS * 1000)) break;
    }
    if (isRunning(process)) {
      throw new LocalServiceError(
        `Redis of an earlier run (pid ${process.pid}) does not stop: end it by hand (kill -9 ${process.pid}) and start again.`,
      );
    }
  }
  rmSync(pidFile, { force: true });
}

/** By asking it with our password; one that does not answer is told by its title, which has address and port. */
async function isOurs(pid: number, { port, password, dataDirectory }: RedisTraces): Promise<boolean> {
  if (port === undefined || !commandLine(pid).includes(`127.0.0.1:${port}`)) return false;
  const told = await askRedis(port, password, async (redis) => {
    const [info, config] = await Promise.all([redis.info("server"), redis.config("GET", "dir")]);
    return { pid: Number(/process_id:(\d+)/.exec(info)?.[1]), directory: (config as string[])[1] };
  });
  if (told === "silent" || told === "refused") return told === "silent";
  return told.answer.pid === pid && told.answer.directory === dataDirectory;
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8").trim());
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}
