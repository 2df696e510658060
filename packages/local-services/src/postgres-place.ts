import { createHash } from "node:crypto";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./commands.ts";
import { LocalServiceError } from "./local-service-error.ts";
import type { PostgresAccount } from "./postgres-account.ts";
import { stopStrayPostgres } from "./stray-postgres.ts";

/**
 * Where data and binaries may lie when the instance's own directory is closed to the account that Postgres
 * runs as. The first that works is taken; data should survive a reboot, so the temporary folder comes last.
 */
const OUTSIDE_ROOTS = ["/var/lib/understudy", "/var/tmp/understudy", join(tmpdir(), "understudy")];

/** In the instance's directory: the path of its place, when that lies outside. */
const POINTER = "place";
/** In a place outside: the instance's directory it belongs to. */
const ORIGIN = "origin";
/** In a place outside: its server runs without fsync, as in tests; nobody counts on what it holds. */
const NOT_DURABLE = "not-durable";

/**
 * The folder that holds `data/`: the instance's own directory, or a place outside when the account may not
 * enter that. Once chosen it stays, also when the directory is moved. A copy of the directory gets a place
 * of its own and begins empty; a directory that was deleted and made anew begins empty, too.
 */
export async function choosePostgresPlace(
  directory: string,
  account: PostgresAccount | undefined,
  isDurable: boolean,
): Promise<string> {
  if (!account) return directory;
  const pointed = readLine(join(directory, POINTER));
  if (pointed && claimPlace(pointed, directory)) return pointed;
  if (await mayEnter(directory, account)) return directory;

  const root = await openOutsideRoot(account);
  await sweepTemporaryPlaces(root);
  const place = join(root, createHash("sha256").update(directory).digest("hex").slice(0, 16));
  await stopStrayPostgres(join(place, "data"));
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { mode: 0o755 });
  if (!isDurable) writeFileSync(join(place, NOT_DURABLE), "");
  writeFileSync(join(place, ORIGIN), directory);
  await moveData(directory, place);
  writeFileSync(join(directory, POINTER), place);
  return place;
}

/** A folder outside, enterable by the account and writable by root alone, shared by all clones. */
export async function openOutsideRoot(account: PostgresAccount): Promise<string> {
  for (const root of OUTSIDE_ROOTS) {
    try {
      mkdirSync(root, { recursive: true, mode: 0o755 });
      const { uid, mode } = statSync(root);
      // Where everyone may create folders, another user could have put its own programs there.
      const isOurs = uid === process.getuid?.() && (mode & 0o022) === 0;
      if (isOurs && (await mayEnter(root, account))) return root;
    } catch {
      // A read-only or missing file system: the next one.
    }
  }
  throw new LocalServiceError(
    `Postgres runs as another user than root and finds no folder that it may enter: put the clone elsewhere (such as /srv), or set DATABASE_URL.`,
  );
}

/** Deletes the place of a directory, if it lies outside. Postgres must be stopped. */
export function removeOutsidePlace(directory: string): void {
  const place = readLine(join(directory, POINTER));
  if (place && readLine(join(place, ORIGIN)) === directory) rmSync(place, { recursive: true, force: true });
}

/** Makes an empty folder that belongs to the account. */
export function makeOwnFolder(path: string, account: PostgresAccount | undefined): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { mode: 0o700 });
  if (account) chownSync(path, account.uid, account.gid);
}

/** Whether the place is this directory's; one whose directory was moved here becomes so. */
function claimPlace(place: string, directory: string): boolean {
  const origin = readLine(join(place, ORIGIN));
  if (origin === undefined) return false;
  const isCopy = origin !== directory && readLine(join(origin, POINTER)) === place;
  if (isCopy) return false;
  writeFileSync(join(place, ORIGIN), directory);
  return true;
}

/** Tests that were killed delete nothing: what belonged to temporary folders that are gone goes as well. */
async function sweepTemporaryPlaces(root: string): Promise<void> {
  for (const name of readdirSync(root)) {
    const place = join(root, name);
    const origin = readLine(join(place, ORIGIN));
    const isTemporary =
      origin?.startsWith(`${realpathSync(tmpdir())}/`) && existsSync(join(place, NOT_DURABLE));
    if (!isTemporary || existsSync(origin ?? "")) continue;
    await stopStrayPostgres(join(place, "data"));
    rmSync(place, { recursive: true, force: true });
  }
}

/** Takes along data that were made while the directory could still be entered. */
async function moveData(directory: string, place: string): Promise<void> {
  const from = join(directory, "data");
  if (!existsSync(from)) return;
  await stopStrayPostgres(from);
  try {
    renameSync(from, join(place, "data"));
  } catch {
    // Another file system.
    cpSync(from, join(place, "data"), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    const { uid, gid } = statSync(from);
    await runCommand("chown", ["-R", `${uid}:${gid}`, join(place, "data")]);
    rmSync(from, { recursive: true });
  }
}

/** By trying it: modes alone do not tell (ACLs, mount options, folders above). */
async function mayEnter(directory: string, account: PostgresAccount): Promise<boolean> {
  const { code } = await runCommand("/bin/sh", ["-c", 'cd -- "$1"', "sh", directory], { ...account });
  return code === 0;
}

function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
