import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { z } from "zod";

const algorithm = "aes-256-gcm";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

const entry = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]+={0,2})$/;

/** One key as the environment has it; its bytes are checked by length. */
const secretsKey = z.string().transform((text, context) => {
  const [, id = "", encoded = ""] = entry.exec(text.trim()) ?? [];
  const key = Buffer.from(encoded, "base64");
  if (id === "" || key.length !== keyBytes) {
    context.addIssue({ code: "custom", message: "must be like k1:… with the base64 of 32 random bytes" });
    return z.NEVER;
  }
  return { id, key };
});

/** `UNDERSTUDY_SECRETS_KEYS`: `k1:base64,k0:base64`. The first encrypts, all decrypt. */
export const secretsKeys = z
  .string()
  .transform((list) => list.split(","))
  .pipe(z.array(secretsKey))
  .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, "must not name a key twice");

export type SecretsKeys = z.infer<typeof secretsKeys>;

/** A secret at rest: nonce, ciphertext and tag, under the key of that id. */
export interface SealedSecret {
  keyId: string;
  sealed: Uint8Array<ArrayBuffer>;
}

/** A value for `UNDERSTUDY_SECRETS_KEYS` with one key of chance. */
export function newSecretsKeys(): string {
  return `k1:${randomBytes(keyBytes).toString("base64")}`;
}

/** Encrypts secrets for the database by AES-256-GCM, and decrypts them. */
export class SecretBox {
  readonly #keys: SecretsKeys;

  constructor(keys: SecretsKeys) {
    this.#keys = keys;
  }

  /** @param owner whose secret it is: it can't be opened as another's */
  seal(secret: string, owner: string): SealedSecret {
    const [first] = this.#keys;
    if (!first) throw new Error("There is no key to encrypt secrets with.");
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, first.key, nonce).setAAD(Buffer.from(owner));
    const ciphertext = [cipher.update(secret, "utf8"), cipher.final()];
    return {
      keyId: first.id,
      sealed: new Uint8Array(Buffer.concat([nonce, ...ciphertext, cipher.getAuthTag()])),
    };
  }

  /** @throws where its key is not among ours, or it was tampered with */
  open({ keyId, sealed }: { keyId: string; sealed: Uint8Array }, owner: string): string {
    const key = this.#keys.find(({ id }) => id === keyId)?.key;
    if (!key)
      throw new Error(`UNDERSTUDY_SECRETS_KEYS has no key ${keyId}, which a secret is encrypted under.`);
    const bytes = Buffer.from(sealed);
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes))
      .setAAD(Buffer.from(owner))
      .setAuthTag(bytes.subarray(-tagBytes));
    const text = [decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()];
    return Buffer.concat(text).toString("utf8");
  }
}
