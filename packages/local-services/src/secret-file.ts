import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** Writes a file that only its owner may read, in one step: a kill in between leaves no half of it. */
export function writePrivateFile(path: string, content: string): void {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, content, { mode: 0o600 });
  // The mode above counts for a new file only, and less what the umask takes.
  chmodSync(draft, 0o600);
  renameSync(draft, path);
}

/** The secret kept in a file that only its owner may read; made (144 random bits, URL-safe) when missing. */
export function readOrCreateSecret(path: string): string {
  if (existsSync(path)) {
    const kept = readFileSync(path, "utf8").trim();
    if (kept !== "") return kept;
  }
  const secret = randomBytes(18).toString("base64url");
  writePrivateFile(path, `${secret}\n`);
  return secret;
}
