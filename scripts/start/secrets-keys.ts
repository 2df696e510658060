import { readFileSync } from "node:fs";
import { writePrivateFile } from "@understudy/local-services";
import { newSecretsKeys } from "@understudy/service";
import type { StartConfig } from "./config.ts";
import { places } from "./places.ts";

/**
 * The keys that secrets in the database are encrypted under: from the environment, else those kept from before, else a
 * new one, kept for its owner's eyes only.
 */
export function obtainSecretsKeys(config: StartConfig): string {
  const known = config.UNDERSTUDY_SECRETS_KEYS ?? readKept();
  if (known !== undefined) return known;
  const keys = newSecretsKeys();
  writePrivateFile(places.secretsKeys, `${keys}\n`);
  return keys;
}

function readKept(): string | undefined {
  try {
    return readFileSync(places.secretsKeys, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
