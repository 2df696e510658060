import { type Scope, scopes } from "@understudy/contracts";
import type { Response } from "express";

/** Whose request it is. */
export interface Caller {
  /** Row of ApiKey that pays and is limited; null for the admin key of the environment and for a signed-in person. */
  keyId: string | null;
  /** Tells which of the key's secrets was shown: what it is given out for ends with that secret. */
  secretMark?: string;
  /** Who owns idempotency records: stays the same when a key is rotated; "admin" for the admin key and people. */
  ownerId: string;
  scopes: ReadonlySet<Scope>;
  /** For this caller no other creators exist; null: all. */
  creatorIds: ReadonlySet<string> | null;
  /** Somebody who has signed in with the admin key of the environment. */
  isPerson?: boolean;
}

/** Whose request it is, as `authenticate` has noted it. */
export function callerOf(response: Response): Caller {
  return response.locals.caller ?? nobody;
}

/** Notes whose request it is. @param identifyAgain throws a problem once its key, token or session is good no more */
export function noteCaller(
  response: Response,
  caller: Caller,
  identifyAgain: () => Promise<Caller>,
  bounds?: CallerBounds,
): void {
  response.locals.caller = caller;
  response.locals.identifyAgain = identifyAgain;
  response.locals.bounds = bounds;
}

/** Bounds of whoever asks; who may do everything has none. */
export interface CallerBounds {
  /** A key's id, or the job whose token it is: whose requests are counted together. */
  name: string;
  kind: "key" | "jobToken";
  /**
   * Counts a request as so many more: those that are not there have to be waited for afterwards.
   * @throws a 429 problem where it owed already
   */
  owe(requests: number): void;
}

export function boundsOf(response: Response): CallerBounds | undefined {
  return response.locals.bounds;
}

/**
 * Whose request it is by now, for answers that take long.
 * @throws a problem once its key, token or session is good no more
 */
export async function callerNow(response: Response): Promise<Caller> {
  return await (response.locals.identifyAgain?.() ?? callerOf(response));
}

/** Who it was, as the audit log names them: `admin`, `person`, `nobody`, or a key's id. */
export function actorOf({ keyId, ownerId, isPerson = false }: Caller): string {
  return keyId ?? (isPerson ? "person" : ownerId);
}

/** Whether a creator exists for a caller. */
export function sees({ creatorIds }: Caller, creatorId: string): boolean {
  return creatorIds?.has(creatorId) ?? true;
}

/** The creators that exist for a caller, for a list's statement; undefined: all. */
export function visibleTo({ creatorIds }: Caller): string[] | undefined {
  return creatorIds ? [...creatorIds] : undefined;
}

/** Who holds the admin key. */
export const adminCaller: Caller = {
  keyId: null,
  ownerId: "admin",
  scopes: new Set(Object.keys(scopes) as Scope[]),
  creatorIds: null,
};

/** Who has shown no key: may do nothing. */
export const nobody: Caller = { keyId: null, ownerId: "nobody", scopes: new Set(), creatorIds: new Set() };
