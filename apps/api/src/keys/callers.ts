import type { Scope } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import type { Redis } from "ioredis";
import { adminCaller, type Caller } from "../http/caller.ts";
import { ProblemError } from "../http/problem-error.ts";
import { KeyCache } from "./key-cache.ts";
import { announceKeyChange, onKeyChange } from "./key-changes.ts";
import { type KeyRow, statusOf } from "./key-row.ts";
import { hashSecret, isSameHash, type KeyEnvironment, parseKeyText } from "./key-text.ts";
import type { LastUses } from "./last-uses.ts";

export interface CallersDependencies {
  database: Database;
  /** Tells the other processes of changes. */
  redis: Redis;
  /** A consumer connection for hearing of them alone. */
  changes: Redis;
  lastUses: LastUses;
  /** Of the environment: does everything, and is no row. */
  adminKey: string;
  /** Only keys of this environment are taken. */
  keyEnvironment: KeyEnvironment;
}

/** Knows keys by their secrets, without asking Postgres for each request. */
export class Callers {
  readonly #dependencies: CallersDependencies;
  readonly #adminHash: Uint8Array;
  readonly #keys: KeyCache<{ row: KeyRow; caller: Caller }>;

  constructor(dependencies: CallersDependencies) {
    this.#dependencies = dependencies;
    this.#adminHash = hashSecret(dependencies.adminKey);
    this.#keys = new KeyCache(async (id) => {
      const row = await dependencies.database.prisma.apiKey.findUnique({ where: { id } });
      return row ? { row, caller: callerOf(row) } : undefined;
    });
    onKeyChange(
      dependencies.changes,
      (id) => this.#keys.forget(id),
      () => this.#keys.forgetAll(),
    );
  }

  /** Whose key it is. @throws a 401 problem that says why it is not taken */
  async withKey(text: string): Promise<Caller> {
    if (isSameHash(hashSecret(text), this.#adminHash)) return adminCaller;
    const key = parseKeyText(text);
    if (!key) throw invalidKey("The API key is not known.");
    const { keyEnvironment } = this.#dependencies;
    if (key.environment !== keyEnvironment) {
      throw invalidKey(
        `This takes ${keyEnvironment} keys (us_${keyEnvironment}_…); that is a ${key.environment} key.`,
      );
    }
    const found = await this.#keys.find(key.id);
    if (!found || !isSecretOf(found.row, key.secret)) throw invalidKey("The API key is not known.");
    // Only who knows the secret is told.
    const status = statusOf(found.row);
    if (status !== "active") throw invalidKey(`The API key ${ends[status]}.`);
    this.#dependencies.lastUses.note(key.id);
    return found.caller;
  }

  /** Whose key has that id, for what was signed for its holder; undefined where it is good no more. */
  async withId(id: string): Promise<Caller | undefined> {
    const found = await this.#keys.find(id);
    return found && statusOf(found.row) === "active" ? found.caller : undefined;
  }

  /** To be called after each change of a key: it is known in all processes from now on. */
  async changed(id: string): Promise<void> {
    this.#keys.forget(id);
    await announceKeyChange(this.#dependencies.redis, id);
  }
}

function callerOf(row: KeyRow): Caller {
  return {
    keyId: row.id,
    ownerId: row.id,
    scopes: row.scopes.includes("admin") ? adminCaller.scopes : new Set(row.scopes as Scope[]),
    creatorIds: row.creatorIds.length > 0 ? new Set(row.creatorIds) : null,
  };
}

function isSecretOf(row: KeyRow, secret: string): boolean {
  const hash = hashSecret(secret);
  if (isSameHash(hash, row.secretHash)) return true;
  const { previousSecretHash, previousSecretUntil } = row;
  return (
    previousSecretHash !== null &&
    previousSecretUntil !== null &&
    isSameHash(hash, previousSecretHash) &&
    previousSecretUntil > new Date()
  );
}

const ends = { revoked: "was revoked", expired: "has expired" };

function invalidKey(detail: string): ProblemError {
  return new ProblemError(401, "invalid_api_key", detail, { headers: challenge });
}

/** What a 401 asks for (RFC 9110, section 11.6.1). */
export const challenge = { "www-authenticate": 'Bearer realm="understudy"' };
