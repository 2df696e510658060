import type { JobToken } from "@understudy/contracts";
import type { Clock } from "@understudy/database";
import type { SecretsKeys } from "@understudy/service";
import { adminCaller, type Caller } from "../http/caller.ts";
import type { Callers } from "../keys/callers.ts";
import { Signer } from "./signer.ts";

/** How a job's token begins. */
export const jobTokenPrefix = "usjt_";

/** Tokens that a browser may hold: each reads one job and its events, for a while, as its key's holder would. */
export class JobTokens {
  readonly #callers: Callers;
  readonly #signer: Signer;
  /** For the admin key of the environment: another one ends its tokens. */
  readonly #adminSigner: Signer;

  constructor(callers: Callers, clock: Clock, adminKey: string, secretsKeys: SecretsKeys) {
    this.#callers = callers;
    this.#signer = new Signer(clock, secretsKeys, "job token");
    this.#adminSigner = new Signer(clock, secretsKeys, "job token", adminKey);
  }

  async issue(jobId: string, { keyId, secretMark }: Caller, expiresInSeconds: number): Promise<JobToken> {
    const signer = keyId === null ? this.#adminSigner : this.#signer;
    const signed = { subject: jobId, keyId, secretMark };
    const { token, expiresAt } = await signer.sign(signed, expiresInSeconds);
    return { token: `${jobTokenPrefix}${token}`, expiresAt: expiresAt.toISOString() };
  }

  /** Whose token it is, and of which job. Undefined where it is not ours, or its time or its key's is over. */
  async read(token: string): Promise<{ caller: Caller; jobId: string } | undefined> {
    const text = token.slice(jobTokenPrefix.length);
    const byAdmin = await this.#adminSigner.verify(text);
    const signed = byAdmin ?? (await this.#signer.verify(text));
    const owner = byAdmin
      ? adminCaller
      : signed?.keyId && (await this.#callers.withId(signed.keyId, signed.secretMark));
    if (!signed || !owner) return undefined;
    const scopes: Caller["scopes"] = owner.scopes.has("jobs:read") ? new Set(["jobs:read"]) : new Set();
    return { jobId: signed.subject, caller: { ...owner, scopes } };
  }
}
