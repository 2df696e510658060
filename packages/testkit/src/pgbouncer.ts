import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findFreePort } from "@understudy/local-services";
import { eventually } from "./eventually.ts";
import { ensureProgram } from "./system-program.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import type { TestCertificate } from "./test-certificate.ts";

const run = promisify(execFile);

export interface PoolerOptions {
  /** With it, the pooler takes clients over TLS alone; without it, over plain TCP. */
  certificate?: TestCertificate | undefined;
  /** Of its sessions, as operators set it for the role; the server's own unless given. */
  timeZone?: string;
  /** Sessions of each database; 3 unless given: so few that what keeps something in a session fails. */
  pool?: number;
}

export interface Pooler {
  port: number;
  /** The URL of a database through the pooler. */
  urlOf(databaseUrl: string): string;
  stop(): Promise<void>;
}

/** Installs the program where it is missing. @returns its path @throws one line that says what to install */
export function ensurePgBouncer(): Promise<string> {
  return ensureProgram("PgBouncer", ["pgbouncer", "/usr/sbin/pgbouncer"], "pgbouncer", 10);
}

/** PgBouncer in transaction mode before the Postgres that `postgresUrl` names. */
export async function startPgBouncer(postgresUrl: string, options: PoolerOptions = {}): Promise<Pooler> {
  const { certificate } = options;
  const program = await ensurePgBouncer();
  const directory = await temporaryDirectory();
  const port = await findFreePort(64_320);
  const configuration = join(directory.path, "pgbouncer.ini");
  writeFileSync(configuration, settings(new URL(postgresUrl), port, options), { mode: 0o644 });
  await run("chmod", ["755", directory.path]);
  const child = spawn(program, [configuration], { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended:\n${said}`);
    const socket = createConnection(port, "127.0.0.1");
    await once(socket, "connect").finally(() => socket.destroy());
  });
  return {
    port,
    urlOf(databaseUrl) {
      const url = new URL(databaseUrl);
      url.port = String(port);
      if (certificate) {
        url.searchParams.set("sslmode", "verify-full");
        url.searchParams.set("sslrootcert", certificate.certificateFile);
      }
      url.searchParams.set("pgbouncer", "true");
      return url.href;
    },
    async stop() {
      child.kill("SIGKILL");
      await exited;
      await directory.remove();
    },
  };
}

function settings(postgres: URL, port: number, { certificate, timeZone, pool = 3 }: PoolerOptions): string {
  const query = timeZone === undefined ? "" : ` connect_query='SET timezone TO ''${timeZone}'''`;
  return `[databases]
* = host=127.0.0.1 port=${postgres.port} user=${postgres.username} password=${postgres.password}${query}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
server_round_robin = 1
server_login_retry = 1
default_pool_size = ${pool}
max_client_conn = 200
${certificate ? tls(certificate) : ""}
${userInfo().uid === 0 ? "user = postgres" : ""}
`;
}

function tls({ certificateFile, keyFile }: TestCertificate): string {
  return `client_tls_sslmode = require
client_tls_cert_file = ${certificateFile}
client_tls_key_file = ${keyFile}`;
}
