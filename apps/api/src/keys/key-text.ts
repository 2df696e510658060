import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

/** Tells keys for trying out from those that count, so that neither is used where the other belongs. */
export const keyEnvironments = ["live", "test"] as const;
export type KeyEnvironment = (typeof keyEnvironments)[number];

const secretBytes = 32;

/** `us_<environment>_<id without key_><checksum>_<secret>`; keys made before 2026-12 have no checksum. */
const pattern = /^us_(live|test)_([0-9A-Z]{26})([0-9A-Z]{7})?_([\w-]{43})$/;

/** A key as its holder has it, taken apart. */
export interface KeyText {
  environment: KeyEnvironment;
  /** Of its row. */
  id: string;
  secret: string;
}

/** Undefined where it can't be a key of ours. */
export function parseKeyText(text: string): KeyText | undefined {
  const [, environment, id, checksum, secret] = pattern.exec(text) ?? [];
  if (environment === undefined || id === undefined || secret === undefined) return undefined;
  if (checksum !== undefined && checksum !== checksumOf(id)) return undefined;
  return { environment: environment as KeyEnvironment, id: `key_${id}`, secret };
}

/** How a key begins: all of it but its secret. */
export function keyBeginning(environment: KeyEnvironment, id: string): string {
  const bare = id.slice("key_".length);
  return `us_${environment}_${bare}${checksumOf(bare)}_`;
}

/** Finds cut and mistyped keys, and most made-up ones, without a look into the database; it is no secret. */
function checksumOf(bareId: string): string {
  return crc32(bareId).toString(36).toUpperCase().padStart(7, "0");
}

export function newKeySecret(): string {
  return randomBytes(secretBytes).toString("base64url");
}

/**
 * What is kept of a secret. A slow hash such as scrypt is for passwords, which can be guessed: a secret of 256 bits of
 * chance can't, however quick the hash, and each request is checked.
 */
export function hashSecret(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(secret).digest());
}

/** Enough of a secret's hash to tell it from another, and of no use to who would guess it. */
const markBytes = 9;

/** Tells which secret something was given out for. */
export function markOf(secretHash: Uint8Array): string {
  return Buffer.from(secretHash.subarray(0, markBytes)).toString("base64url");
}

/** Whether two hashes are the same, in constant time. */
export function isSameHash(one: Uint8Array, other: Uint8Array): boolean {
  return timingSafeEqual(one, other);
}
