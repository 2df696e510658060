import { randomBytes } from "node:crypto";

/** Standard Webhooks asks for 24 to 64 bytes. */
const secretBytes = 32;

/** A secret as receivers are given it. */
export function newSecret(): string {
  return `whsec_${randomBytes(secretBytes).toString("base64")}`;
}
