import type { JobToken } from "@understudy/contracts";
import type { SecretsKeys } from "@understudy/service";
import { adminCaller, type Caller } from "../http/caller.ts";
import type { Callers } from "../keys/callers.ts";
import { inSeconds, Signer } from "./signer.ts";

/** How a job's token begins. */
export const jobTokenPrefix = "usjt_";

/** Tokens that a browser may hold: each reads one job and its events, for a while, as its key's holder would. */
export class JobTokens {
  readonly #callers: Callers;
  readonly #signer: Signer;

  constructor(callers: Callers, secretsKeys: SecretsKeys) {
    this.#callers = callers;
    this.#signer = new Signer(secretsKeys, "job token");
  }

  async issue(jobId: string, { keyId }: Caller, expiresInSeconds: number): Promise<JobToken> {
    const expiresAt = inSeconds(expiresInSeconds);
    const token = await this.#signer.sign({ subject: jobId, keyId, expiresAt });
    return { token: `${jobTokenPrefix}${token}`, expiresAt: expiresAt.toISOString() };
  }

  /** Whose token it is, and of which job. Undefined where it is not ours, or its time or its key's is over. */
  async read(token: string): Promise<{ caller: Caller; jobId: string } | undefined> {
    const signed = await this.#signer.verify(token.slice(jobTokenPrefix.length));
    const owner = signed && (signed.keyId === null ? adminCaller : await this.#callers.withId(signed.keyId));
    if (!owner) return undefined;
    const scopes: Caller["scopes"] = owner.scopes.has("jobs:read") ? new Set(["jobs:read"]) : new Set();
    return { jobId: signed.subject, caller: { ...owner, scopes } };
  }
}
