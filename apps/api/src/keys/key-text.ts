import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Tells keys for trying out from those that count, so that neither is used where the other belongs. */
export const keyEnvironments = ["live", "test"] as const;
export type KeyEnvironment = (typeof keyEnvironments)[number];

const secretBytes = 32;

/** `us_<environment>_<id without key_>_<secret>`. */
const pattern = /^us_(live|test)_([0-9A-Z]{26})_([\w-]{43})$/;

/** A key as its holder has it, taken apart. */
export interface KeyText {
  environment: KeyEnvironment;
  /** Of its row. */
  id: string;
  secret: string;
}

/** Undefined where it can't be a key of ours. */
export function parseKeyText(text: string): KeyText | undefined {
  const [, environment, id, secret] = pattern.exec(text) ?? [];
  if (environment === undefined || id === undefined || secret === undefined) return undefined;
  return { environment: environment as KeyEnvironment, id: `key_${id}`, secret };
}

/** How a key begins: all of it but its secret. */
export function keyBeginning(environment: KeyEnvironment, id: string): string {
  return `us_${environment}_${id.slice("key_".length)}_`;
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

/** Whether two hashes are the same, in constant time. */
export function isSameHash(one: Uint8Array, other: Uint8Array): boolean {
  return timingSafeEqual(one, other);
}
