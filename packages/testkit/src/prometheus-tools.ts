import { execFile } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findProgram } from "@understudy/local-services";

const run = promisify(execFile);

/** Kept for all runs; nothing is installed on the machine. */
const tools = fileURLToPath(new URL("../../../.understudy/tools", import.meta.url));
const kept = join(tools, "prometheus");

/**
 * Prometheus and promtool: those on the PATH, else the two programs out of Debian's package, of which nothing else is
 * used and no service is started.
 * @throws one line that says what to install where they can't be had
 */
export async function prometheusTools(): Promise<{ prometheus: string; promtool: string }> {
  const installed = await Promise.all(["prometheus", "promtool"].map(findProgram));
  const [prometheus, promtool] = installed;
  if (prometheus && promtool) return { prometheus, promtool };
  const own = { prometheus: join(kept, "prometheus"), promtool: join(kept, "promtool") };
  if (!isExecutable(own.promtool)) await download();
  return own;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function download(): Promise<void> {
  mkdirSync(tools, { recursive: true });
  const draft = mkdtempSync(join(tools, "prometheus-"));
  try {
    await downloadPackage(draft);
    const [archive = ""] = readdirSync(draft).filter((name) => name.endsWith(".deb"));
    await run("dpkg", ["-x", archive, "."], { cwd: draft });
    renameSync(join(draft, "usr", "bin"), kept);
  } catch (error) {
    // Another process may have been faster.
    if (isExecutable(join(kept, "promtool"))) return;
    const [reason] = (error instanceof Error ? error.message : String(error)).trim().split("\n").slice(-1);
    throw new Error(
      `There is no promtool on this machine, and Debian's package of it can't be had (${reason}): install prometheus, or put promtool and prometheus on the PATH.`,
    );
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function downloadPackage(cwd: string): Promise<void> {
  const fetchIt = () => run("apt-get", ["download", "-q", "prometheus"], { cwd });
  // The lists of packages may be missing or too old.
  await fetchIt().catch(async () => {
    await run("apt-get", ["update", "-q"]);
    await fetchIt();
  });
}
