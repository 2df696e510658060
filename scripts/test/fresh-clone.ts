import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  findFreePort,
  identify,
  isRunning,
  type ProcessIdentity,
  startPostgres,
  waitUntil,
} from "@understudy/local-services";
import { type CloneProcess, processesOf } from "./clone-processes.ts";
import { type NpmRun, runNpm } from "./npm-run.ts";

/** What someone has right after `git clone`: no dependencies, no state. */
export interface FreshClone {
  directory: string;
  /** Beside the clone, for what a test writes. */
  scratch: string;
  ports: { PORT: string; EMULATOR_PORT: string };
  /** `npm …` in it; on the clone's ports unless told otherwise. */
  npm(args: readonly string[], ports?: Record<string, string>): NpmRun;
  /** Everything of it that runs now, whoever started it. */
  processes(): CloneProcess[];
  /** Ends whatever of it still runs and deletes it, with what it keeps outside its folder. */
  remove(): Promise<void>;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PREFIX = "understudy-e2e-";
const KILL_SECONDS = 20;
/** Of a checkout that has run, in it. What npm packages are made of is only read, so a clone may share it. */
const PNPM_STORE = join("node_modules", ".pnpm");
const DATABASE_CLIENT = join("packages", "database", "src", "generated");
/** Set by `npm test`, which makes it. */
const BUILD = process.env.UNDERSTUDY_BUILD;

/** Copies the project as git would give it: its first command installs all that it needs. Only its owner (root, as a rule) may enter the folder. */
export async function createFreshClone(): Promise<FreshClone> {
  await removeAbandoned();
  const scratch = mkdtempSync(join(realpathSync(tmpdir()), PREFIX));
  writeFileSync(ownerFileOf(scratch), JSON.stringify(identify(process.pid)));
  const directory = directoryIn(scratch);
  copyProject(directory);
  const ports = await choosePorts();
  return {
    directory,
    scratch,
    ports,
    npm: (args, given = ports) => runNpm(directory, args, given),
    processes: () => processesOf(foldersOf(scratch)),
    remove: async () => await remove(scratch),
  };
}

/** The same after a first run: dependencies are installed and the apps built, as they are in this checkout. */
export async function createReadyClone(): Promise<FreshClone> {
  const clone = await createFreshClone();
  const workspaces = ["apps", "packages"].flatMap((parent) =>
    readdirSync(join(ROOT, parent)).map((name) => join(parent, name)),
  );
  for (const folder of ["node_modules", ...workspaces.map((path) => join(path, "node_modules"))])
    copyLinks(join(ROOT, folder), join(clone.directory, folder));
  symlinkSync(join(ROOT, PNPM_STORE), join(clone.directory, PNPM_STORE));
  cpSync(join(ROOT, DATABASE_CLIENT), join(clone.directory, DATABASE_CLIENT), { recursive: true });
  if (BUILD !== undefined)
    for (const path of [BUILD, realpathSync(join(BUILD, "console"))])
      cpSync(path, join(clone.directory, ".understudy", "builds", basename(path)), {
        recursive: true,
        verbatimSymlinks: true,
      });
  return clone;
}

/** Links are relative: the packages of the workspace are the clone's own. */
function copyLinks(from: string, to: string): void {
  if (!existsSync(from)) return;
  const filter = (path: string) => path !== join(ROOT, PNPM_STORE);
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter });
}

/** Where nobody's outgoing connections are, below the system's ephemeral ports; at random, for tests run beside. */
async function choosePorts(): Promise<FreshClone["ports"]> {
  const api = await findFreePort(20_000 + Math.floor(Math.random() * 12_000));
  return { PORT: String(api), EMULATOR_PORT: String(await findFreePort(api + 1)) };
}

function copyProject(directory: string): void {
  mkdirSync(directory);
  const list = ["-c", `safe.directory=${ROOT}`, "ls-files", "-coz", "--exclude-standard"];
  const files = execFileSync("git", list, { cwd: ROOT, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  for (const file of files.split("\0")) {
    // Git names those too that were deleted and not yet committed.
    if (file === "" || !existsSync(join(ROOT, file))) continue;
    cpSync(join(ROOT, file), join(directory, file), { verbatimSymlinks: true });
  }
}

async function remove(scratch: string): Promise<void> {
  const isQuiet = await waitUntil(() => {
    const alive = processesOf(foldersOf(scratch));
    for (const { pid } of alive) kill(pid);
    return alive.length === 0;
  }, KILL_SECONDS * 1000);
  try {
    const postgres = postgresIn(scratch);
    // Its data may lie outside, where only its owner knows to find them: become that, and delete them.
    if (existsSync(postgres)) {
      await (await startPostgres({ directory: postgres, settings: { fsync: "off" } })).remove();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  if (!isQuiet) throw new Error(`Processes of ${scratch} could not be ended.`);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It was faster.
  }
}

/** The tests' own afterAll does not run when they are killed: the next run deletes what they left. */
async function removeAbandoned(): Promise<void> {
  const temporary = realpathSync(tmpdir());
  for (const name of readdirSync(temporary).filter((entry) => entry.startsWith(PREFIX))) {
    const scratch = join(temporary, name);
    const owner = readOwner(scratch);
    // Another test file may be at it just now.
    if (owner && !isRunning(owner)) await remove(scratch).catch(() => undefined);
  }
}

/** undefined for what is not ours, or has no owner yet. */
function readOwner(scratch: string): ProcessIdentity | undefined {
  try {
    if (statSync(scratch).uid !== process.getuid?.()) return undefined;
    return JSON.parse(readFileSync(ownerFileOf(scratch), "utf8")) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

/** Where its processes work: Postgres' own are elsewhere when its user may not enter the clone. */
function foldersOf(scratch: string): string[] {
  const pointer = join(postgresIn(scratch), "place");
  return existsSync(pointer) ? [scratch, readFileSync(pointer, "utf8").trim()] : [scratch];
}

function ownerFileOf(scratch: string): string {
  return join(scratch, "owner.json");
}

function directoryIn(scratch: string): string {
  return join(scratch, "clone");
}

function postgresIn(scratch: string): string {
  return join(directoryIn(scratch), ".understudy", "postgres");
}
