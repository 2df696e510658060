// Makes a fresh clone ready with Node and npm alone, before any dependency exists: no import but Node's own.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, "node_modules");
const NODE_MIN = [20, 18];

/** What the dependencies, and the Prisma client, that stand there were made from. */
const INSTALL_STAMP = join(MODULES, ".understudy-install");
const CLIENT_STAMP = join(MODULES, ".understudy-prisma-client");
/** Stands there while an install runs: found afterwards, it was killed half-way. */
const INSTALLING = join(ROOT, ".understudy", "installing");
const LOCK = join(ROOT, ".understudy", "bootstrap.lock");

const CLIENT_FOLDER = join(ROOT, "packages", "database", "src", "generated");

/** The tools we start call home unless told not to; Prisma would also download an engine that nothing here needs. */
const TOOL_ENVIRONMENT = {
  TURBO_TELEMETRY_DISABLED: "1",
  CHECKPOINT_DISABLE: "1",
  PRISMA_HIDE_UPDATE_MESSAGE: "1",
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
};

/**
 * Installs dependencies and generates the Prisma client where that is missing or out of date. Of several npm
 * commands that start at once, one does it and the others wait. Ends the process with 1 and one clear
 * message when it cannot be done.
 */
export async function ensureInstalled() {
  checkNode();
  Object.assign(process.env, TOOL_ENVIRONMENT);
  if (isReady()) return;
  const release = await takeLock();
  try {
    if (!isInstalled()) await install();
    if (!isClientGenerated()) await generateClient();
  } catch (err) {
    console.error(`✗ ${err.message}`);
    release();
    process.exit(1);
  }
  release();
}

/**
 * Runs a TypeScript file in this process, module by module: for what no bundle holds, such as tools of npm.
 * @param {string} path from the repository's root
 */
export async function runTypeScript(path) {
  const { register } = await import("tsx/esm/api");
  register();
  await import(pathToFileURL(join(ROOT, path)).href);
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  console.error(`✗ Understudy needs Node ${NODE_MIN.join(".")} or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

function isReady() {
  return isInstalled() && isClientGenerated();
}

function isInstalled() {
  return !existsSync(INSTALLING) && readText(INSTALL_STAMP) === installSources() && workspacesAreLinked();
}

function isClientGenerated() {
  if (!existsSync(join(ROOT, "prisma", "schema.prisma"))) return true;
  return readText(CLIENT_STAMP) === clientSources() && existsSync(CLIENT_FOLDER);
}

/** A change of any of these calls for another install; so does another machine (a folder shared with a container). */
function installSources() {
  const files = ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...workspaces().map(packageFile)];
  return hash([`${process.platform} ${process.arch}`, ...files.map(readText)]);
}

function clientSources() {
  return hash([installSources(), ...["prisma/schema.prisma", "prisma.config.ts"].map(readText)]);
}

/** The folders of apps and packages, from the root. */
function workspaces() {
  return ["apps", "packages"]
    .flatMap((parent) =>
      existsSync(join(ROOT, parent))
        ? readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`)
        : [],
    )
    .filter((folder) => existsSync(join(ROOT, packageFile(folder))))
    .sort();
}

function packageFile(folder) {
  return `${folder}/package.json`;
}

function workspacesAreLinked() {
  return workspaces().every((folder) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readText(packageFile(folder)));
    const names = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
    return names.every((name) => existsSync(join(ROOT, folder, "node_modules", name)));
  });
}

async function install() {
  // What a killed install left looks finished to pnpm where only the build scripts were not run yet.
  if (existsSync(INSTALLING)) removeModules();
  const isFirst = !existsSync(MODULES);
  const sources = installSources();
  writeFileSync(INSTALLING, String(process.pid));
  rmSync(INSTALL_STAMP, { force: true });
  const title = isFirst ? "Installing dependencies (first time, about 30 s)" : "Updating dependencies";
  const done = "Dependencies installed";
  let outcome = await runStep(title, done, "npx", pnpmInstall());
  if (outcome.code !== 0 && !NO_SECOND_TRY.test(outcome.output)) {
    removeModules();
    // npx's own cache may be what is broken, so the second try has one of its own.
    const cache = ["--cache", join(ROOT, ".understudy", "npm-cache")];
    outcome = await runStep("Installing anew", done, "npx", [...cache, ...pnpmInstall()]);
  }
  if (outcome.code !== 0) throw new Error(explainFailedInstall(outcome.output));
  writeFileSync(INSTALL_STAMP, sources);
  rmSync(INSTALLING);
}

/** Where the network or the lock file is at fault, what stands in node_modules is better kept. */
const NO_SECOND_TRY = /OUTDATED_LOCKFILE|FETCH|ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|ENOSPC/;

function explainFailedInstall(output) {
  if (output.includes("OUTDATED_LOCKFILE")) {
    return `pnpm-lock.yaml does not fit the package.json files: run "npx ${packageManager()} install".`;
  }
  return `Dependencies could not be installed (is the npm registry reachable?):\n${tail(output)}`;
}

function packageManager() {
  return JSON.parse(readText("package.json")).packageManager;
}

function pnpmInstall() {
  return [
    "-y",
    packageManager(),
    "install",
    "--frozen-lockfile",
    "--prefer-offline",
    // Under NODE_ENV=production pnpm would leave out what runs TypeScript.
    "--prod=false",
    "--config.confirm-modules-purge=false",
    "--reporter=append-only",
  ];
}

function removeModules() {
  for (const folder of [".", ...workspaces()])
    rmSync(join(ROOT, folder, "node_modules"), { recursive: true, force: true });
}

async function generateClient() {
  const sources = clientSources();
  rmSync(CLIENT_STAMP, { force: true });
  const prisma = join(MODULES, ".bin", "prisma");
  const outcome = await runStep("Generating the database client", "Database client generated", prisma, [
    "generate",
  ]);
  if (outcome.code !== 0)
    throw new Error(`The database client could not be generated:\n${tail(outcome.output)}`);
  writeFileSync(CLIENT_STAMP, sources);
}

/** Runs one command and shows that it lives; its output comes back and is shown to nobody unless it fails. */
async function runStep(title, done, command, args) {
  const startedAt = Date.now();
  const seconds = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
  const isLive = process.stdout.isTTY === true;
  let output = "";
  if (!isLive) console.log(`… ${title}`);
  const ticker = isLive
    ? setInterval(() => process.stdout.write(`\r\x1b[2K… ${title} ${seconds()} ${packageCount(output)}`), 200)
    : undefined;
  const code = await new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, env: process.env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.on("error", (err) => {
      output += err.message;
      resolve(1);
    });
    child.on("close", resolve);
  });
  clearInterval(ticker);
  const line = code === 0 ? `✓ ${done} (${seconds()})` : `✗ ${title} failed (${seconds()})`;
  console.log(isLive ? `\r\x1b[2K${line}` : line);
  return { code, output };
}

/** How far pnpm says it is. */
function packageCount(output) {
  const added = output.match(/added (\d+)/g)?.at(-1);
  return added ? `(${added} packages)` : "";
}

/** Waits for the lock; one whose holder is gone is taken over. @returns the function that gives it back */
async function takeLock() {
  mkdirSync(dirname(LOCK), { recursive: true });
  let hasSaidSo = false;
  for (;;) {
    if (createWhole(LOCK)) return () => rmSync(LOCK, { force: true });
    if (!isHeld(LOCK)) {
      removeStaleLock();
    } else if (!hasSaidSo) {
      hasSaidSo = true;
      console.log("… Waiting for another npm command that installs dependencies");
    }
    await sleep(100);
  }
}

/** Under a lock of its own: of two that find it stale, the slower must not remove the faster one's. */
function removeStaleLock() {
  const steal = `${LOCK}.steal`;
  if (!createWhole(steal)) {
    if (!isHeld(steal)) rmSync(steal, { force: true });
    return;
  }
  if (!isHeld(LOCK)) rmSync(LOCK, { force: true });
  rmSync(steal, { force: true });
}

/** A link appears with its content in one step: nobody ever reads a half-written lock. */
function createWhole(path) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${process.pid} ${processStart(process.pid)}`);
  try {
    linkSync(draft, path);
    return true;
  } catch (err) {
    if (err.code !== "EEXIST") throw err;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

function isHeld(path) {
  const [pid, startedAt] = readText(path).split(" ");
  return pid !== "" && startedAt === processStart(Number(pid));
}

/** Tells a process from a later one with the same pid, where /proc says when each began; "" when it is gone. */
function processStart(pid) {
  try {
    process.kill(pid, 0);
  } catch (err) {
    if (err.code !== "EPERM") return "";
  }
  if (process.platform !== "linux") return "alive";
  const stat = readText(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function readText(path) {
  try {
    return readFileSync(path.startsWith("/") ? path : join(ROOT, path), "utf8");
  } catch {
    return "";
  }
}

function hash(parts) {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function tail(output) {
  return output.trimEnd().split("\n").slice(-15).join("\n");
}
