import { findProgram, installPackage, NotInstallable } from "@understudy/local-services";

const packages = {
  "apt-get": { name: "chromium", advice: "apt-get install chromium" },
  dnf: { name: "chromium", advice: "dnf install chromium" },
  apk: { name: "chromium", advice: "apk add chromium" },
};

/**
 * The system's Chromium, installed by its package manager where it is missing.
 * @returns its path
 * @throws where that is not possible, in one line that says what to install
 */
export async function ensureChromium(): Promise<string> {
  const found = await findChromium();
  if (found) return found;
  await installPackage("Chromium", packages, 30, (line) => process.stderr.write(`${line}\n`)).catch(
    (err: unknown) => {
      if (!(err instanceof NotInstallable)) throw err;
    },
  );
  const installed = await findChromium();
  if (installed) return installed;
  throw new Error(
    "There is no Chromium on this machine, which the browser tests need: apt-get install chromium.",
  );
}

async function findChromium(): Promise<string | undefined> {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    const path = await findProgram(name);
    if (path) return path;
  }
  return undefined;
}

/** Without a sandbox, which root can't have; and nothing that asks the internet by itself. */
export const chromiumArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
