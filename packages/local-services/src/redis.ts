import { mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { holdDirectory } from "./directory-owner.ts";
import { LocalServiceError } from "./local-service-error.ts";
import { readLog } from "./log-file.ts";
import { findFreePort, readKeptPort } from "./ports.ts";
import { askRedis } from "./redis-connection.ts";
import { ensureRedisProgram, type RedisProgram } from "./redis-program.ts";
import { readOrCreateSecret } from "./secret-file.ts";
import { endServer, type ServerProcess, spawnServer } from "./server-process.ts";
import { stopStrayRedis } from "./stray-redis.ts";
import { waitUntil } from "./wait-until.ts";

export interface RedisOptions {
  /** Where password, log and data are kept. Made when missing. */
  directory: string;
  /** The port to begin looking for a free one at; by default the one it had last time. */
  port?: number | undefined;
  /** Whether it survives a restart (append-only file, synced every second). Default true. */
  persistent?: boolean | undefined;
  /** Configuration beside the defaults, such as `{maxmemory: "64mb"}`. */
  settings?: Readonly<Record<string, string>> | undefined;
  /** Whether it ends when this process is gone, kill -9 included; for tests. Default false: it lives on. */
  endWithOwner?: boolean | undefined;
  /** Told in short lines what takes time, such as an installation. */
  onProgress?: ((line: string) => void) | undefined;
  /** Told how it ended ("SIGKILL") when nobody asked it to. */
  onUnexpectedEnd?: ((how: string) => void) | undefined;
}

export interface RunningRedis {
  /** With the password. */
  url: string;
  port: number;
  dataDirectory: string;
  logFile: string;
  /** Of the server; another one after a restart. */
  pid(): number;
  isRunning(): boolean;
  /** Writes out what is in memory, ends the server, and gives up the directory. */
  stop(): Promise<void>;
  /** SIGKILL, for fault tests; `restart` brings it back. */
  kill(): Promise<void>;
  /** Stops it if it runs and starts it on the same port. */
  restart(): Promise<void>;
  /** Stops it and deletes its directory and data. */
  remove(): Promise<void>;
}

const FIRST_PORT = 63_790;
const START_SECONDS = 120;
const BIND_TRIES = 5;

const STOP = [
  { signal: "SIGTERM", patienceMs: 20_000 },
  { signal: "SIGKILL", patienceMs: 10_000 },
] as const;

interface Instance {
  directory: string;
  dataDirectory: string;
  logFile: string;
  password: string;
  program: RedisProgram;
  options: RedisOptions;
}

/**
 * Starts a private Redis that listens on 127.0.0.1 only and wants a password; installs the program where it
 * is missing. What an earlier owner left behind when it was killed is stopped first.
 *
 * @throws LocalServiceError when that is not possible, or another living process uses the directory
 */
export async function startRedis(options: RedisOptions): Promise<RunningRedis> {
  mkdirSync(options.directory, { recursive: true });
  const directory = realpathSync(options.directory);
  const hold = holdDirectory(directory, "Redis");
  try {
    const instance = await prepareInstance(directory, options);
    const wanted = await findFreePort(options.port ?? readKeptPort(directory) ?? FIRST_PORT);
    let server = await startServer(instance, wanted, BIND_TRIES);
    let isExpectedToEnd = false;
    watch(server.process);
    const { port } = server;

    function watch(process: ServerProcess): void {
      void process.ended.then((how) => {
        if (!isExpectedToEnd && server.process === process) options.onUnexpectedEnd?.(how);
      });
    }
    async function end(): Promise<void> {
      isExpectedToEnd = true;
      await endServer(server.process, STOP);
    }

    return {
      url: `redis://:${instance.password}@127.0.0.1:${port}`,
      port,
      dataDirectory: instance.dataDirectory,
      logFile: instance.logFile,
      pid: () => server.process.pid,
      isRunning: () => !server.process.hasEnded(),
      async stop() {
        await end();
        hold.release();
      },
      async kill() {
        isExpectedToEnd = true;
        server.process.signal("SIGKILL");
        await server.process.ended;
      },
      async restart() {
        await end();
        server = await startServer(instance, port, 1);
        isExpectedToEnd = false;
        watch(server.process);
      },
      async remove() {
        await end();
        hold.release();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  } catch (err) {
    hold.release();
    throw err;
  }
}

async function prepareInstance(directory: string, options: RedisOptions): Promise<Instance> {
  const dataDirectory = join(directory, "data");
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const password = readOrCreateSecret(join(directory, "password"));
  await stopStrayRedis(
    { directory, dataDirectory, password, port: readKeptPort(directory) },
    options.onProgress,
  );
  const program = await ensureRedisProgram(options.onProgress);
  return { directory, dataDirectory, logFile: join(directory, "redis.log"), password, program, options };
}

interface StartedServer {
  process: ServerProcess;
  port: number;
}

/** Starts the server; another process that takes the port in between costs one of the tries. */
async function startServer(instance: Instance, port: number, tries: number): Promise<StartedServer> {
  const { directory, logFile, program, options } = instance;
  // Kept before it runs: should we be killed meanwhile, this is how it is found again.
  writeFileSync(join(directory, "port"), String(port));
  const process = await spawnServer({
    command: program.path,
    calledAs: program.calledAs,
    args: ["-"],
    input: configuration(instance, port),
    env: { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" },
    logFile,
    signalWithOwner: options.endWithOwner ? "SIGKILL" : undefined,
  });
  const outcome = await waitUntil(async () => {
    if (process.hasEnded()) return "ended" as const;
    // Refused while it still loads its file.
    const told = await askRedis(port, instance.password, async (redis) => await redis.ping());
    return typeof told === "object" && told.answer === "PONG" ? ("ready" as const) : undefined;
  }, START_SECONDS * 1000);
  if (outcome === "ready") return { process, port };
  await endServer(process, STOP);
  const said = readLog(logFile, process.logStart);
  if (said.includes("Address already in use") && tries > 1) {
    return await startServer(instance, await findFreePort(port + 1), tries - 1);
  }
  if (/Bad file format|Unexpected end of file|corrupt/i.test(said) && tries > 0) {
    const aside = `${instance.dataDirectory}.damaged-${Date.now()}`;
    options.onProgress?.(`Redis: its data are damaged, put aside as ${aside}; it begins empty`);
    renameSync(instance.dataDirectory, aside);
    mkdirSync(instance.dataDirectory, { mode: 0o700 });
    return await startServer(instance, port, tries - 1);
  }
  const reason = outcome === undefined ? `not ready within ${START_SECONDS} s` : lastLine(said);
  throw new LocalServiceError(`Redis does not start: ${reason} (log: ${logFile})`);
}

function configuration({ directory, dataDirectory, password, options }: Instance, port: number): string {
  const settings: Record<string, string> = {
    port: String(port),
    bind: "127.0.0.1",
    requirepass: password,
    dir: JSON.stringify(dataDirectory),
    pidfile: JSON.stringify(join(directory, "redis.pid")),
    appendonly: (options.persistent ?? true) ? "yes" : "no",
    appendfsync: "everysec",
    save: '""',
    "maxmemory-policy": "noeviction",
    ...options.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
