import type { Scope } from "@understudy/contracts";
import { type Database, groupCommit } from "@understudy/database";
import type { Redis } from "ioredis";
import { adminCaller, type Caller } from "../http/caller.ts";
import { ProblemError } from "../http/problem-error.ts";
import { KeyCache } from "./key-cache.ts";
import { announceKeyChange, onKeyChange } from "./key-changes.ts";
import { type KeyRow, statusOf } from "./key-row.ts";
import { hashSecret, isSameHash, type KeyEnvironment, markOf, parseKeyText } from "./key-text.ts";
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

/** Looked up in one query: whoever makes ids up costs a query a round trip, not one a request. */
const lookupsMax = 200;

/** Knows keys by their secrets, without asking Postgres for each request. */
export class Callers {
  readonly #dependencies: CallersDependencies;
  readonly #adminHash: Uint8Array;
  /** With its callers: whoever shows its secret, and whoever shows the one before. */
  readonly #keys: KeyCache<{ row: KeyRow; callers: Caller[] }>;

  constructor(dependencies: CallersDependencies) {
    this.#dependencies = dependencies;
    this.#adminHash = hashSecret(dependencies.adminKey);
    const read = groupCommit(lookupsMax, String, (ids: string[]) => readKeys(dependencies.database, ids));
    this.#keys = new KeyCache(async (id) => {
      const row = await read(id);
      return row ? { row, callers: callersOf(row) } : undefined;
    });
    onKeyChange(
      dependencies.changes,
      (id) => this.#keys.forget(id),
      () => this.#keys.forgetAll(),
    );
  }

  /** Whether it is the admin key of the environment: known without asking anybody. */
  isAdminKey(text: string): boolean {
    return isSameHash(hashSecret(text), this.#adminHash);
  }

  /** Whose key it is. @throws a 401 problem that says why it is not taken */
  async withKey(text: string): Promise<Caller> {
    if (this.isAdminKey(text)) return adminCaller;
    const key = parseKeyText(text);
    if (!key) throw invalidKey("The API key is not known.");
    const { keyEnvironment } = this.#dependencies;
    if (key.environment !== keyEnvironment) {
      throw invalidKey(
        `This takes ${keyEnvironment} keys (us_${keyEnvironment}_…); that is a ${key.environment} key.`,
      );
    }
    const found = await this.#keys.find(key.id);
    const now = this.#dependencies.database.clock.now();
    const caller = found?.callers[placeOf(found.row, key.secret, now)];
    if (!caller) throw invalidKey("The API key is not known.", found?.row.id);
    // Only who knows the secret is told.
    const status = statusOf(found.row, now);
    if (status !== "active") throw invalidKey(`The API key ${ends[status]}.`, key.id);
    this.#dependencies.lastUses.note(key.id);
    return caller;
  }

  /**
   * Whose key has that id, for what was signed for who had shown one of its secrets; undefined where the key or that
   * secret is good no more.
   */
  async withId(id: string, secretMark: string | undefined): Promise<Caller | undefined> {
    const found = await this.#keys.find(id);
    const now = this.#dependencies.database.clock.now();
    if (!found || statusOf(found.row, now) !== "active") return undefined;
    const place = found.callers.findIndex((caller) => caller.secretMark === secretMark);
    return place === 0 || isPreviousGood(found.row, now) ? found.callers[place] : undefined;
  }

  /** To be called after each change of a key: it is known in all processes from now on. */
  async changed(id: string): Promise<void> {
    this.#keys.forget(id);
    await announceKeyChange(this.#dependencies.redis, id);
  }
}

/** One of each id, in their order. */
async function readKeys({ prisma }: Database, ids: string[]): Promise<(KeyRow | undefined)[]> {
  const rows = await prisma.apiKey.findMany({ where: { id: { in: ids } } });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id));
}

function callersOf(row: KeyRow): Caller[] {
  return [row.secretHash, row.previousSecretHash].flatMap((hash) => (hash ? [callerOf(row, hash)] : []));
}

function callerOf(row: KeyRow, secretHash: Uint8Array): Caller {
  return {
    keyId: row.id,
    secretMark: markOf(secretHash),
    ownerId: row.id,
    scopes: row.scopes.includes("admin") ? adminCaller.scopes : new Set(row.scopes as Scope[]),
    creatorIds: row.creatorIds.length > 0 ? new Set(row.creatorIds) : null,
  };
}

/** @returns 0 for the key's secret, 1 for the one before as long as it is good, else -1 */
function placeOf(row: KeyRow, secret: string, now: Date): number {
  const hash = hashSecret(secret);
  if (isSameHash(hash, row.secretHash)) return 0;
  const { previousSecretHash } = row;
  return previousSecretHash && isSameHash(hash, previousSecretHash) && isPreviousGood(row, now) ? 1 : -1;
}

function isPreviousGood({ previousSecretUntil }: KeyRow, now: Date): boolean {
  return previousSecretUntil !== null && previousSecretUntil > now;
}

const ends = { revoked: "was revoked", expired: "has expired" };

/** @param keyId of the key that was shown, where there is one */
function invalidKey(detail: string, keyId?: string): ProblemError {
  return new ProblemError(401, "invalid_api_key", detail, {
    headers: challenge,
    ...(keyId !== undefined && { keyId }),
  });
}

/** What a 401 asks for (RFC 9110, section 11.6.1). */
export const challenge = { "www-authenticate": 'Bearer realm="understudy"' };
