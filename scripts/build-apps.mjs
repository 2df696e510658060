// The apps as production runs them: one file of JavaScript an app and what apps share beside it, with the packages
// that they use inside, npm's too (read one by one they cost as much CPU as all the rest of a start), and the .sql and
// .lua files that they read beside them; and console/ and node_modules/, whose files the API serves. Nothing else but
// Node is needed to run them.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is built, and from which file. */
const entries = {
  api: "apps/api/src/main.ts",
  worker: "apps/worker/src/main.ts",
  migrate: "apps/migrate/src/main.ts",
  "gemini-emulator": "apps/gemini-emulator/src/main.ts",
};

/** Packages whose files the API serves as they are: they lie in node_modules/ beside it. */
const served = ["@bull-board/ui", "swagger-ui-dist"];

/** What the console is built from, beside the packages of which it takes the types. */
const consoleSources = ["index.html", "package.json", "vite.config.ts", "public", "src"].map((name) =>
  join("apps", "console", name),
);

/** Where the builds lie from which this checkout runs, each under the hash of what it was made from. */
const builds = join(root, ".understudy", "builds");
const keptBuilds = 5;

/**
 * Builds the apps.
 * @param {string} directory where to: `<app>.mjs` and what belongs to it
 * @throws with esbuild's own words where a source is at fault
 */
export async function buildApps(directory) {
  await Promise.all([buildServers(directory), buildConsole(join(directory, "console"))]);
}

async function buildServers(directory) {
  const { build } = await import("esbuild");
  mkdirSync(directory, { recursive: true });
  copyStatements(directory);
  await build({
    ...bundling(),
    entryPoints: entries,
    outdir: directory,
    outExtension: { ".js": ".mjs" },
    chunkNames: "[name]-[hash]",
    splitting: true,
    sourcemap: true,
    // For lines in stacks; read at each start, so without the sources themselves.
    sourcesContent: false,
    alias: Object.fromEntries(
      packages().map((name) => [`@understudy/${name}`, `./packages/${name}/src/index.ts`]),
    ),
  });
  copyServed(directory);
}

/** What esbuild is told for whatever runs here: its packages come inside. */
export function bundling() {
  return {
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.18",
    // pg takes pg-native where it is installed, which it is not.
    external: [...served, "pg-native"],
    // Modules rather than CommonJS, which has no named exports where it is imported at run time.
    mainFields: ["module", "main"],
    // By which bundled CommonJS asks for Node's own modules.
    banner: {
      js: 'import { createRequire as requirer } from "node:module"; const require = requirer(import.meta.url);',
    },
    logLevel: "warning",
  };
}

/** @throws with Vite's own words where a source is at fault */
async function buildConsole(directory) {
  const vite = join(root, "apps", "console", "node_modules", ".bin", "vite");
  const args = ["build", join(root, "apps", "console"), "--outDir", directory, "--emptyOutDir"];
  const child = spawn(vite, [...args, "--logLevel", "warn"], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`The console could not be built:\n${output}`);
}

/**
 * The build of the sources as they stand, made unless it is there. Several processes may ask at once, and those that
 * run from an older build go on.
 * @returns {Promise<string>} its directory
 */
export async function ensureBuilt() {
  const consoleDirectory = await ensure(
    `console-${hashOf(consoleSources.flatMap(filesBelow))}`,
    buildConsole,
  );
  const directory = await ensure(
    hashOf([...sources(), ...consoleSources.flatMap(filesBelow)]),
    async (draft) => {
      await buildServers(draft);
      symlinkSync(relative(draft, consoleDirectory), join(draft, "console"));
    },
  );
  removeOldBuilds();
  return directory;
}

async function ensure(name, make) {
  const directory = join(builds, name);
  if (existsSync(directory)) {
    utimesSync(directory, new Date(), new Date());
    return directory;
  }
  const draft = `${directory}.${process.pid}`;
  try {
    mkdirSync(builds, { recursive: true });
    await make(draft);
    renameSync(draft, directory);
  } catch (err) {
    rmSync(draft, { recursive: true, force: true });
    // Another process was faster.
    if (!existsSync(directory)) throw err;
  }
  return directory;
}

/** Code reads these as its neighbours, and once bundled it lies in one directory, as do they; so their names must be unique. */
function copyStatements(directory) {
  const seen = new Set();
  for (const file of sources().filter((path) => /\.(sql|lua)$/.test(path))) {
    const name = basename(file);
    if (seen.has(name))
      throw new Error(`Two files are called ${name}; a build needs their names to be unique.`);
    seen.add(name);
    const text = readFileSync(join(root, file), "utf8");
    writeFileSync(join(directory, name), text.replace(/^(-- include )\S+\//gm, "$1./"));
  }
}

function copyServed(directory) {
  // pnpm keeps what packages of the workspace depend on out of the root's own node_modules.
  const hoisted = join(root, "node_modules", ".pnpm", "node_modules");
  for (const name of served) {
    cpSync(join(hoisted, name), join(directory, "node_modules", name), {
      recursive: true,
      dereference: true,
      filter: (path) => !path.endsWith(".map"),
    });
  }
}

function packages() {
  return readdirSync(join(root, "packages"));
}

/** Every file that the servers are built from, from the root. */
function sources() {
  return ["apps", "packages"].flatMap((parent) =>
    readdirSync(join(root, parent))
      .filter((name) => name !== "console")
      .flatMap((name) => filesBelow(join(parent, name, "src"))),
  );
}

function filesBelow(folder) {
  if (!existsSync(join(root, folder))) return [];
  if (statSync(join(root, folder)).isFile()) return [folder];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

/** Changes with any of these files, with the dependencies, and with how it is built. @throws where one is not there */
export function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of [...files, "pnpm-lock.yaml", relative(root, fileURLToPath(import.meta.url))]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

/** The latest are kept: processes that run may read a part of theirs yet. What killed builds left goes in time as well. */
function removeOldBuilds() {
  const byAge = readdirSync(builds)
    .map((name) => join(builds, name))
    // Another process may remove some at the same time.
    .flatMap((path) => (existsSync(path) ? [{ path, at: statSync(path).mtimeMs }] : []))
    .sort((a, b) => b.at - a.at);
  for (const { path } of byAge.slice(keptBuilds)) rmSync(path, { recursive: true, force: true });
}
