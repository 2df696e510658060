import { randomBytes } from "node:crypto";
import type { Session } from "@understudy/contracts";
import type { SecretsKeys } from "@understudy/service";
import type { Request, Response } from "express";
import { adminCaller, type Caller } from "../http/caller.ts";
import type { Callers } from "../keys/callers.ts";
import { hashSecret, isSameHash } from "../keys/key-text.ts";
import { inSeconds, Signer } from "./signer.ts";

const cookieName = "understudy_session";
const cookiePattern = new RegExp(`(?:^|;\\s*)${cookieName}=([\\w.-]+)`);
const sessionSeconds = 12 * 3_600;
const tokenBytes = 24;

/** A person who has signed in, as a request shows it by its cookie. */
export interface SignedIn {
  caller: Caller;
  session: Session;
}

/** Who has signed in with the admin key of the environment. */
const personCaller: Caller = { ...adminCaller, isPerson: true };

/**
 * People sign in once with an admin key; a signed cookie (SameSite=Strict, HttpOnly) keeps that for twelve hours. Its
 * key comes from the admin key as well: a new admin key ends all sessions; a session of a key in the database ends with
 * that key, and with the secret that was shown.
 */
export class Sessions {
  readonly #callers: Callers;
  readonly #signer: Signer;

  constructor(callers: Callers, adminKey: string, secretsKeys: SecretsKeys) {
    this.#callers = callers;
    this.#signer = new Signer(secretsKeys, "session", adminKey);
  }

  /** Who signs in with that key; undefined where it may not do everything. @throws a 401 problem where it is not taken */
  async personWith(key: string): Promise<Caller | undefined> {
    const caller = await this.#callers.withKey(key);
    if (caller.keyId === null) return personCaller;
    return caller.scopes.has("admin") ? caller : undefined;
  }

  /** Signs that person in. */
  async begin({ keyId, secretMark }: Caller, request: Request, response: Response): Promise<Session> {
    const csrfToken = randomBytes(tokenBytes).toString("base64url");
    const expiresAt = inSeconds(sessionSeconds);
    const cookie = await this.#signer.sign({ subject: csrfToken, keyId, secretMark, expiresAt });
    response.cookie(cookieName, cookie, { ...cookieOptions(request), expires: expiresAt });
    return { csrfToken, expiresAt: expiresAt.toISOString() };
  }

  /** Who has signed in, with a key that is still good. */
  async of(request: Request): Promise<SignedIn | undefined> {
    const [, cookie] = cookiePattern.exec(request.headers.cookie ?? "") ?? [];
    const signed = cookie === undefined ? undefined : await this.#signer.verify(cookie);
    if (!signed) return undefined;
    const { keyId, secretMark } = signed;
    const caller = keyId === null ? personCaller : await this.#callers.withId(keyId, secretMark);
    if (!caller?.scopes.has("admin")) return undefined;
    return { caller, session: { csrfToken: signed.subject, expiresAt: signed.expiresAt.toISOString() } };
  }

  signOut(request: Request, response: Response): void {
    response.clearCookie(cookieName, cookieOptions(request));
  }
}

/** Whether a request that changes something comes from our own page: another site can't read the token. */
export function hasCsrfToken(request: Request, { csrfToken }: Session): boolean {
  const given = hashSecret(request.get("x-csrf-token") ?? "");
  return isSameHash(given, hashSecret(csrfToken));
}

/** Behind a proxy that ends TLS the browser's connection is what counts. */
function cookieOptions(request: Request) {
  const isHttps = request.secure || request.get("x-forwarded-proto") === "https";
  return { httpOnly: true, sameSite: "strict", secure: isHttps, path: "/" } as const;
}
