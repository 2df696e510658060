import { chownSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { runCommand } from "./commands.ts";
import { holdDirectory } from "./directory-owner.ts";
import { LocalServiceError } from "./local-service-error.ts";
import { readLog } from "./log-file.ts";
import { findFreePort, readKeptPort } from "./ports.ts";
import { ensurePostgresAccount, type PostgresAccount } from "./postgres-account.ts";
import { type PostgresBinaries, preparePostgresBinaries } from "./postgres-binaries.ts";
import { choosePostgresPlace, makeOwnFolder, removeOutsidePlace } from "./postgres-place.ts";
import { copyAsReplica, type PostgresPrimary } from "./postgres-replica.ts";
import { childrenOf, isRunning, signalProcess } from "./processes.ts";
import { readOrCreateSecret, writePrivateFile } from "./secret-file.ts";
import { endServer, type ServerProcess, spawnServer } from "./server-process.ts";
import { postmasterStatus, stopStrayPostgres } from "./stray-postgres.ts";
import { waitUntil } from "./wait-until.ts";

export interface PostgresOptions {
  /** Where password, log and, if the server's user may enter it, data are kept. Made when missing. */
  directory: string;
  /** The port to begin looking for a free one at; by default the one it had last time. */
  port?: number | undefined;
  /** Server settings beside the defaults, such as `{fsync: "off"}` in tests. */
  settings?: Readonly<Record<string, string>> | undefined;
  /** A running server whose data it takes where it has none, and follows; no writes until `pg_promote`. */
  replicaOf?: PostgresPrimary | undefined;
  /** Whether it ends when this process is gone, kill -9 included; for tests. Default false: it lives on. */
  endWithOwner?: boolean | undefined;
  /** Told in short lines what takes time. */
  onProgress?: ((line: string) => void) | undefined;
  /** Told how it ended ("SIGKILL") when nobody asked it to. */
  onUnexpectedEnd?: ((how: string) => void) | undefined;
}

export interface RunningPostgres {
  /** With user, password and database `understudy`. */
  url: string;
  port: number;
  dataDirectory: string;
  logFile: string;
  /** Of the server's first process; another one after a restart. */
  pid(): number;
  isRunning(): boolean;
  /** Ends sessions and the server in order, and gives up the directory. */
  stop(): Promise<void>;
  /** SIGKILL to the server and its children, for fault tests; `restart` brings it back. */
  kill(): Promise<void>;
  /** Stops it if it runs (`immediate`: without a checkpoint, as in a crash) and starts it on the same port. */
  restart(mode?: "fast" | "immediate"): Promise<void>;
  /** Stops it and deletes its directory and data. */
  remove(): Promise<void>;
}

const USER = "understudy";
const FIRST_PORT = 54_320;
const START_SECONDS = 120;
const BIND_TRIES = 5;

const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  timezone: "UTC",
  log_timezone: "UTC",
  // In the data directory: containers have little /dev/shm, and a killed server leaves its parts there for good.
  dynamic_shared_memory_type: "mmap",
};

/** What is known of the server before it runs. */
interface Cluster {
  directory: string;
  dataDirectory: string;
  logFile: string;
  password: string;
  account: PostgresAccount | undefined;
  binaries: PostgresBinaries;
  options: PostgresOptions;
}

/**
 * Starts a private Postgres, durable unless `settings` say otherwise, that listens on 127.0.0.1 only. What an
 * earlier owner left behind when it was killed is stopped first.
 *
 * @throws LocalServiceError when that is not possible, or another living process uses the directory
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  mkdirSync(options.directory, { recursive: true });
  const directory = realpathSync(options.directory);
  const hold = holdDirectory(directory, "Postgres");
  try {
    const cluster = await prepareCluster(directory, options);
    let server = await startServer(cluster, await choosePort(cluster), BIND_TRIES);
    let isExpectedToEnd = false;
    watch(server.process);
    await ensureDatabase(cluster, server.port);
    const { port } = server;

    function watch(process: ServerProcess): void {
      void process.ended.then((how) => {
        if (!isExpectedToEnd && server.process === process) options.onUnexpectedEnd?.(how);
      });
    }
    async function end(mode: "fast" | "immediate"): Promise<void> {
      isExpectedToEnd = true;
      await endServer(server.process, mode === "fast" ? FAST_STOP : IMMEDIATE_STOP);
    }

    return {
      url: urlOf(cluster, port),
      port,
      dataDirectory: cluster.dataDirectory,
      logFile: cluster.logFile,
      pid: () => server.process.pid,
      isRunning: () => !server.process.hasEnded(),
      async stop() {
        await end("fast");
        hold.release();
      },
      async kill() {
        isExpectedToEnd = true;
        await killWithChildren(server.process);
      },
      async restart(mode = "fast") {
        await end(mode);
        await stopStrayPostgres(cluster.dataDirectory);
        server = await startServer(cluster, port, 1);
        isExpectedToEnd = false;
        watch(server.process);
      },
      async remove() {
        await end("immediate");
        removeOutsidePlace(directory);
        hold.release();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  } catch (err) {
    hold.release();
    throw err;
  }
}

const FAST_STOP = [
  { signal: "SIGINT", patienceMs: 30_000 },
  { signal: "SIGQUIT", patienceMs: 10_000 },
  { signal: "SIGKILL", patienceMs: 10_000 },
] as const;
const IMMEDIATE_STOP = FAST_STOP.slice(1);

async function prepareCluster(directory: string, options: PostgresOptions): Promise<Cluster> {
  const account = await ensurePostgresAccount();
  const binaries = await preparePostgresBinaries(account);
  const place = await choosePostgresPlace(directory, account, isDurable(options));
  const cluster: Cluster = {
    directory,
    dataDirectory: join(place, "data"),
    logFile: join(directory, "postgres.log"),
    password: "",
    account,
    binaries,
    options,
  };
  const passwordFile = join(directory, "password");
  if (existsSync(cluster.dataDirectory)) {
    await stopStrayPostgres(cluster.dataDirectory, options.onProgress);
    if (!existsSync(passwordFile)) {
      throw new LocalServiceError(
        `The password of the data in ${cluster.dataDirectory} is gone (${passwordFile}): put it back, or delete ${directory} to begin with empty data.`,
      );
    }
  }
  const { replicaOf } = options;
  if (replicaOf) writePrivateFile(passwordFile, `${new URL(replicaOf.url).password}\n`);
  cluster.password = readOrCreateSecret(passwordFile);
  if (!existsSync(cluster.dataDirectory)) {
    // Under another name first, so that one that was killed half-way is never taken for data.
    const draft = join(place, "data.new");
    makeOwnFolder(draft, account);
    await (replicaOf ? copyAsReplica(replicaOf, draft) : initialise(cluster, place, draft));
    renameSync(draft, cluster.dataDirectory);
  }
  return cluster;
}

async function initialise(cluster: Cluster, place: string, draft: string): Promise<void> {
  const { account, binaries, options } = cluster;
  options.onProgress?.("Postgres: creating its data");
  const passwordFile = join(place, "initdb-password");
  try {
    writeFileSync(passwordFile, cluster.password, { mode: 0o600 });
    if (account) chownSync(passwordFile, account.uid, account.gid);
    const { code, output } = await runCommand(
      binaries.initdb,
      [
        `--pgdata=${draft}`,
        `--username=${USER}`,
        `--pwfile=${passwordFile}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        ...(isDurable(options) ? [] : ["--no-sync"]),
      ],
      { ...account, env: { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" } },
    );
    if (code !== 0)
      throw new LocalServiceError(`Postgres could not create its data in ${place}: ${lastLine(output)}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function isDurable({ settings }: PostgresOptions): boolean {
  const { fsync = "on" } = settings ?? {};
  return fsync !== "off";
}

async function choosePort(cluster: Cluster): Promise<number> {
  return await findFreePort(cluster.options.port ?? readKeptPort(cluster.directory) ?? FIRST_PORT);
}

interface StartedServer {
  process: ServerProcess;
  port: number;
}

/** Starts the server; another process that takes the port in between costs one of the tries. */
async function startServer(cluster: Cluster, port: number, tries: number): Promise<StartedServer> {
  const process = await spawnServer(serverCommand(cluster, port));
  const outcome = await waitUntil(async () => {
    if (process.hasEnded()) return "ended" as const;
    const status = postmasterStatus(cluster.dataDirectory);
    return status?.pid === process.pid && status.isReady ? ("ready" as const) : undefined;
  }, START_SECONDS * 1000);
  if (outcome === "ready") {
    writeFileSync(join(cluster.directory, "port"), String(port));
    return { process, port };
  }
  await endServer(process, IMMEDIATE_STOP);
  const said = readLog(cluster.logFile, process.logStart);
  if (said.includes("could not create any TCP/IP sockets") && tries > 1) {
    return await startServer(cluster, await findFreePort(port + 1), tries - 1);
  }
  if (/shared memory block .* is still in use/.test(said) && tries > -ORPHAN_TRIES) {
    // Backends of a server that was killed notice it when their statement ends.
    await waitUntil(() => false, ORPHAN_WAIT_MS);
    return await startServer(cluster, port, Math.min(tries, 1) - 1);
  }
  const reason = outcome === undefined ? `not ready within ${START_SECONDS} s` : fatalLine(said);
  throw new LocalServiceError(`Postgres does not start: ${reason} (log: ${cluster.logFile})`);
}

const ORPHAN_TRIES = 30;
const ORPHAN_WAIT_MS = 500;

function serverCommand(cluster: Cluster, port: number) {
  const settings = { ...DEFAULT_SETTINGS, ...cluster.options.settings };
  return {
    command: cluster.binaries.postgres,
    args: [
      // First, and followed by more: a stray server is told by it.
      "-D",
      cluster.dataDirectory,
      "-p",
      String(port),
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    env: { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" },
    logFile: cluster.logFile,
    signalWithOwner: cluster.options.endWithOwner ? ("SIGQUIT" as const) : undefined,
    ...cluster.account,
  };
}

/** Its own sessions and those of its children differ, so each is told; the children end with it anyway, but later. */
async function killWithChildren(process: ServerProcess): Promise<void> {
  if (process.hasEnded()) return;
  const children = childrenOf(process.pid);
  process.signal("SIGKILL");
  for (const child of children) if (isRunning(child)) signalProcess(child.pid, "SIGKILL");
  await process.ended;
  await waitUntil(() => !children.some(isRunning), 10_000);
}

async function ensureDatabase(cluster: Cluster, port: number): Promise<void> {
  const client = new Client({ connectionString: urlOf(cluster, port, "postgres") });
  try {
    await client.connect();
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [USER]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${USER}`);
  } catch (err) {
    const reason = err instanceof Error ? err.message : String(err);
    throw new LocalServiceError(
      `Postgres runs but does not let us in: ${reason} (delete ${cluster.directory} to begin with empty data)`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

function urlOf(cluster: Cluster, port: number, database = USER): string {
  return `postgresql://${USER}:${cluster.password}@127.0.0.1:${port}/${database}`;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

function fatalLine(log: string): string {
  const lines = log.split("\n").filter((line) => /FATAL|PANIC|ERROR/.test(line));
  return lines.at(-1)?.replace(/^.*?(FATAL|PANIC|ERROR):\s*/, "") ?? "it ended at once";
}
