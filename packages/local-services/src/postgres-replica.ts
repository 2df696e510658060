import { appendFileSync, chownSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { runCommand } from "./commands.ts";
import { LocalServiceError } from "./local-service-error.ts";

/** A server that runs, and whose data others may follow. */
export interface PostgresPrimary {
  url: string;
  dataDirectory: string;
}

/** What belongs to the server that runs: see "Base Backup" in Postgres' manual. */
const OWN_FILES = ["postmaster.pid", "postmaster.opts"];

/**
 * Copies the data of a server that runs, so that one that is started on the copy follows it: what
 * `pg_basebackup` does, which is not among our programs.
 * @param dataDirectory an empty folder, of the account that the server will run as
 */
export async function copyAsReplica(primary: PostgresPrimary, dataDirectory: string): Promise<void> {
  const client = new Client({ connectionString: primary.url });
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('replica', fast => true)");
    const { code, output } = await runCommand("cp", ["-a", `${primary.dataDirectory}/.`, dataDirectory], {
      env: { LC_ALL: "C", PATH: "/usr/bin:/bin" },
    });
    // What the server deletes meanwhile it deletes again when it reads its log.
    const isCopied = code === 0 || output.split("\n").every((line) => /^$|No such file/.test(line));
    if (!isCopied) throw new LocalServiceError(`The data could not be copied: ${output.trim()}`);
    const { rows } = await client.query<{ labelfile: string }>("SELECT labelfile FROM pg_backup_stop(false)");
    for (const name of OWN_FILES) rmSync(join(dataDirectory, name), { force: true });
    writeOwned(dataDirectory, "backup_label", rows[0]?.labelfile ?? "");
    writeOwned(dataDirectory, "standby.signal", "");
    // Not an argument: those stand in lists of processes.
    appendFileSync(
      join(dataDirectory, "postgresql.auto.conf"),
      `primary_conninfo = '${connectionInfo(primary.url)}'\n`,
    );
  } finally {
    await client.end();
  }
}

function writeOwned(directory: string, name: string, content: string): void {
  const { uid, gid } = statSync(directory);
  writeFileSync(join(directory, name), content, { mode: 0o600 });
  chownSync(join(directory, name), uid, gid);
}

function connectionInfo(url: string): string {
  const { hostname, port, username, password } = new URL(url);
  return `host=${hostname} port=${port} user=${username} password=${password} application_name=replica`;
}
