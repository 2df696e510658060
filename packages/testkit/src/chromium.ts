import { ensureProgram } from "./system-program.ts";

/** @returns the path of the system's Chromium, installed where it is missing. @throws where it can't be had */
export async function ensureChromium(): Promise<string> {
  return await ensureProgram("Chromium", ["chromium", "chromium-browser", "google-chrome"], "chromium", 30);
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
