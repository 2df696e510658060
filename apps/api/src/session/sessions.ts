import { createHmac, randomBytes } from "node:crypto";
import type { ListedSession, Session } from "@understudy/contracts";
import { type Database, loadStatement, newId } from "@understudy/database";
import type { CookieOptions, Request, Response } from "express";
import { actorOf, adminCaller, type Caller } from "../http/caller.ts";
import { ProblemError } from "../http/problem-error.ts";
import type { Callers } from "../keys/callers.ts";
import { hashSecret, isSameHash, markOf } from "../keys/key-text.ts";

const beginStatement = loadStatement(new URL("./begin-session.sql", import.meta.url));
const findStatement = loadStatement(new URL("./find-session.sql", import.meta.url));
const listStatement = loadStatement(new URL("./list-sessions.sql", import.meta.url));
const endStatement = loadStatement(new URL("./end-sessions.sql", import.meta.url));

/** Of the cookie; where there is TLS with `__Host-` before it, which a browser takes from this host and over TLS alone. */
export const sessionCookie = "understudy_session";

const sessionSeconds = 12 * 3_600;
/** A console that is open asks every few seconds, so this is for one that was left. */
const idleSeconds = 3_600;
const tokenBytes = 32;
const userAgentMax = 200;

/** A person who has signed in, as a request shows it by its cookie. */
export interface SignedIn {
  id: string;
  caller: Caller;
  session: Session;
}

interface SessionRow {
  id: string;
  keyId: string | null;
  secretMark: string;
  expiresAt: Date;
}

/** Who has signed in with the admin key of the environment. */
const personCaller: Caller = { ...adminCaller, isPerson: true };

/**
 * People sign in once with an admin key; a cookie (SameSite=Strict, HttpOnly) names their session in Postgres, where it can be
 * seen and ended. It ends by itself after twelve hours, after an idle one, and with the secret that was shown.
 */
export class Sessions {
  readonly #database: Database;
  readonly #callers: Callers;
  readonly #adminMark: string;

  constructor(database: Database, callers: Callers, adminKey: string) {
    this.#database = database;
    this.#callers = callers;
    this.#adminMark = markOf(hashSecret(adminKey));
  }

  /** Whether it is the admin key of the environment: known without asking anybody. */
  isAdminKey(key: string): boolean {
    return this.#callers.isAdminKey(key);
  }

  /** Who signs in with that key. @throws a 401 problem where it is not taken, a 403 one where it may not do everything */
  async personWith(key: string): Promise<Caller> {
    const caller = await this.#callers.withKey(key);
    if (caller.keyId === null) return personCaller;
    if (caller.scopes.has("admin")) return caller;
    throw new ProblemError(403, "forbidden_scope", "Only a key with the scope admin signs a person in.", {
      members: { scope: "admin" },
      keyId: caller.keyId,
    });
  }

  /** Signs that person in. */
  async begin({ keyId, secretMark }: Caller, request: Request, response: Response): Promise<Session> {
    const token = randomBytes(tokenBytes).toString("base64url");
    const begun = {
      id: newId("ses"),
      tokenHash: hashOf(token),
      keyId,
      secretMark: secretMark ?? this.#adminMark,
      address: request.ip ?? "",
      userAgent: (request.get("user-agent") ?? "").slice(0, userAgentMax),
      seconds: sessionSeconds,
    };
    const [row] = await this.#database.execute<{ expiresAt: Date }>(beginStatement, [begun]);
    if (!row) throw new Error("Postgres began no session.");
    // Of a maxAge Express would make the own clock's time.
    response.cookie(cookieName(request), token, { ...cookieOptions(request), expires: row.expiresAt });
    return present(token, row.expiresAt);
  }

  /** Who has signed in, with a key that is still good. */
  async of(request: Request): Promise<SignedIn | undefined> {
    const token = tokenOf(request);
    if (token === undefined) return undefined;
    const item = { tokenHash: hashOf(token), idleSeconds };
    const [row] = await this.#database.execute<SessionRow>(findStatement, [item]);
    if (!row) return undefined;
    const caller = await this.#callerOf(row);
    if (!caller?.scopes.has("admin")) return undefined;
    return { id: row.id, caller, session: present(token, row.expiresAt) };
  }

  /** All that have not ended, the newest first. */
  async list(current: string | undefined): Promise<ListedSession[]> {
    type Row = Omit<ListedSession, "actor" | "isCurrent" | "createdAt" | "lastSeenAt" | "expiresAt"> & {
      keyId: string | null;
      createdAt: Date;
      lastSeenAt: Date;
      expiresAt: Date;
    };
    const rows = await this.#database.execute<Row>(listStatement, [{ idleSeconds }]);
    return rows.map(({ id, keyId, address, userAgent, createdAt, lastSeenAt, expiresAt }) => ({
      id,
      actor: actorOf({ ...personCaller, keyId }),
      address,
      userAgent,
      createdAt: createdAt.toISOString(),
      lastSeenAt: lastSeenAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
      isCurrent: id === current,
    }));
  }

  /** Ends sessions everywhere, at once. @param ids all unless given. @returns how many there were */
  async end(ids: string[] | null): Promise<number> {
    return (await this.#database.execute(endStatement, [{ ids }])).length;
  }

  /** Ends the request's session, and takes its cookie back. */
  async signOut(request: Request, response: Response): Promise<void> {
    const person = await this.of(request);
    if (person) await this.end([person.id]);
    response.clearCookie(cookieName(request), cookieOptions(request));
  }

  async #callerOf({ keyId, secretMark }: SessionRow): Promise<Caller | undefined> {
    if (keyId !== null) return await this.#callers.withId(keyId, secretMark);
    return secretMark === this.#adminMark ? personCaller : undefined;
  }
}

/** Whether a request that changes something comes from our own page: another site can't read the token. */
export function hasCsrfToken(request: Request, { csrfToken }: Session): boolean {
  const given = hashSecret(request.get("x-csrf-token") ?? "");
  return isSameHash(given, hashSecret(csrfToken));
}

function present(token: string, expiresAt: Date): Session {
  const csrfToken = createHmac("sha256", token).update("csrf").digest("base64url");
  return { csrfToken, expiresAt: expiresAt.toISOString() };
}

function hashOf(token: string): string {
  return Buffer.from(hashSecret(token)).toString("hex");
}

/** Behind a proxy that ends TLS the browser's connection is what counts, as far as TRUST_PROXY lets the proxy say so. */
function cookieName(request: Request): string {
  return request.secure ? `__Host-${sessionCookie}` : sessionCookie;
}

function cookieOptions(request: Request): CookieOptions {
  return { httpOnly: true, sameSite: "strict", secure: request.secure, path: "/" };
}

const cookiePattern = new RegExp(`(?:^|;\\s*)((?:__Host-)?${sessionCookie})=([\\w-]{43})(?=;|$)`, "g");

function tokenOf(request: Request): string | undefined {
  const name = cookieName(request);
  const found = (request.headers.cookie ?? "").matchAll(cookiePattern);
  return [...found].find(([, given]) => given === name)?.[2];
}
