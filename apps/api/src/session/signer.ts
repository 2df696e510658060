import { hkdfSync } from "node:crypto";
import type { Clock } from "@understudy/database";
import type { SecretsKeys } from "@understudy/service";
import { type JWTPayload, jwtVerify, SignJWT } from "jose";
import { hashSecret } from "../keys/key-text.ts";

const algorithm = "HS256";
const keyBytes = 32;

/** What a signature vouches for. */
export interface Signed {
  subject: string;
  /** The API key that it comes from; null is the admin key of the environment. */
  keyId: string | null;
  /** Of that key's secret (`secretMark`): another secret ends what the one before was given. */
  secretMark?: string | undefined;
}

/**
 * Signs what its holder brings back: a JWT by HMAC-SHA-256, under keys of its purpose's own that are derived from
 * UNDERSTUDY_SECRETS_KEYS (HKDF). The first of these signs, all verify, so that they can be changed.
 */
export class Signer {
  readonly #clock: Clock;
  readonly #keys: Map<string, Uint8Array>;

  /**
   * @param clock says when the time of what was signed is over, also in the other processes
   * @param purpose what is signed: nothing that was signed for another is taken for it
   * @param adminKey where given, another admin key takes nothing that was signed under this one
   */
  constructor(clock: Clock, secretsKeys: SecretsKeys, purpose: string, adminKey?: string) {
    this.#clock = clock;
    const salt = adminKey === undefined ? "" : Buffer.from(hashSecret(adminKey)).toString("base64");
    this.#keys = new Map(
      secretsKeys.map(({ id, key }) => [
        id,
        new Uint8Array(hkdfSync("sha256", key, salt, `understudy ${purpose}`, keyBytes)),
      ]),
    );
  }

  /** @param seconds for which it is good; a JWT knows whole ones alone, so it may be one more */
  async sign(
    { subject, keyId, secretMark }: Signed,
    seconds: number,
  ): Promise<{ token: string; expiresAt: Date }> {
    const [first] = this.#keys;
    if (!first) throw new Error("There is no key to sign with.");
    const [kid, key] = first;
    const expiresAt = new Date(Math.ceil(this.#clock.now().getTime() / 1000 + seconds) * 1000);
    const token = await new SignJWT(keyId === null ? {} : { key: keyId, mark: secretMark })
      .setProtectedHeader({ alg: algorithm, kid })
      .setSubject(subject)
      .setExpirationTime(expiresAt)
      .sign(key);
    return { token, expiresAt };
  }

  /** Undefined where it is not ours, or its time is over. */
  async verify(text: string): Promise<Signed | undefined> {
    const payload = await jwtVerify(text, ({ kid }) => this.#keyOf(kid), {
      algorithms: [algorithm],
      currentDate: this.#clock.now(),
    }).then(
      (verified) => verified.payload,
      () => undefined,
    );
    return payload && read(payload);
  }

  #keyOf(kid: string | undefined): Uint8Array {
    const key = this.#keys.get(kid ?? "");
    if (!key) throw new Error("It was signed with a key that is not among ours.");
    return key;
  }
}

function read({ sub, exp, key, mark }: JWTPayload): Signed | undefined {
  if (sub === undefined || exp === undefined) return undefined;
  return {
    subject: sub,
    keyId: typeof key === "string" ? key : null,
    secretMark: typeof mark === "string" ? mark : undefined,
  };
}
