import { existsSync } from "node:fs";
import { findProgram, installPackage, NotInstallable } from "@understudy/local-services";

/**
 * A program or library of the system, installed by its package manager where it is missing.
 * @param title for people
 * @param names how it is called, or its full path; the first that is there is taken
 * @param packageName what Debian, Fedora and Alpine all call it
 * @param seconds about how long it takes to install
 * @returns its path
 * @throws where that is not possible, in one line that says what to install
 */
export async function ensureProgram(
  title: string,
  names: readonly string[],
  packageName: string,
  seconds: number,
): Promise<string> {
  const found = await findOneOf(names);
  if (found) return found;
  const packages = {
    "apt-get": { name: packageName, advice: `apt-get install ${packageName}` },
    dnf: { name: packageName, advice: `dnf install ${packageName}` },
    apk: { name: packageName, advice: `apk add ${packageName}` },
  };
  await installPackage(title, packages, seconds, (line) => process.stderr.write(`${line}\n`)).catch(
    (err: unknown) => {
      if (!(err instanceof NotInstallable)) throw err;
    },
  );
  const installed = await findOneOf(names);
  if (installed) return installed;
  throw new Error(
    `There is no ${title} on this machine, which is needed here: apt-get install ${packageName}.`,
  );
}

async function findOneOf(names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const path = name.startsWith("/") ? existsSync(name) && name : await findProgram(name);
    if (path) return path;
  }
  return undefined;
}
