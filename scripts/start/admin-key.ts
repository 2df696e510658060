import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { writePrivateFile } from "@understudy/local-services";
import type { StartConfig } from "./config.ts";
import { places } from "./places.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ID_LENGTH = 8;
const SECRET_LENGTH = 32;

export interface AdminKey {
  key: string;
  /** Made just now: it is to be shown this once. */
  isNew: boolean;
}

/** The key from the environment, else the one kept from before, else a new one, kept for its owner's eyes only. */
export function obtainAdminKey(config: StartConfig): AdminKey {
  const known = knownAdminKey(config);
  if (known !== undefined) return { key: known, isNew: false };
  const key = `us_local_${randomText(ID_LENGTH)}_${randomText(SECRET_LENGTH)}`;
  writePrivateFile(places.adminKey, `${key}\n`);
  return { key, isNew: true };
}

/** The key of an instance that runs already, as far as we can know it. */
export function knownAdminKey(config: StartConfig): string | undefined {
  return config.UNDERSTUDY_ADMIN_KEY ?? readKept();
}

function readKept(): string | undefined {
  try {
    return readFileSync(places.adminKey, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}
