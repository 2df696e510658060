import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A copy of the checkout as it stands, in which faults may be planted. It shares the installed dependencies. */
export interface Sandbox {
  directory: string;
  remove(): void;
}

/** Is made, not kept in git. */
const prismaClient = "packages/database/src/generated";

export async function makeSandbox(root: string): Promise<Sandbox> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-mutants-"));
  const list = execFileSync("git", ["ls-files", "-coz", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  for (const file of list.split("\0")) {
    // Git names those too that were deleted and not yet committed.
    if (file === "" || !existsSync(join(root, file))) continue;
    cpSync(join(root, file), join(directory, file), { verbatimSymlinks: true });
  }
  cpSync(join(root, prismaClient), join(directory, prismaClient), { recursive: true });
  linkDependencies(root, directory);
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/**
 * The workspace's own packages are found in the sandbox, by the same relative links as in the checkout; everything
 * else where it is installed.
 */
function linkDependencies(root: string, directory: string): void {
  const modules = join(root, "node_modules");
  mkdirSync(join(directory, "node_modules"));
  for (const name of readdirSync(modules)) {
    if (name === "@understudy") copyLinks(join(modules, name), join(directory, "node_modules", name));
    else symlinkSync(join(modules, name), join(directory, "node_modules", name));
  }
  for (const parent of ["apps", "packages"]) {
    for (const name of readdirSync(join(root, parent))) {
      const own = join(parent, name, "node_modules");
      if (existsSync(join(root, own))) copyLinks(join(root, own), join(directory, own));
    }
  }
}

function copyLinks(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}
