import { type Scope, scopes } from "@understudy/contracts";

/** Whose request it is. */
export interface Caller {
  /** Row of ApiKey that pays and is limited; null for the admin key of the environment and for a signed-in person. */
  keyId: string | null;
  /** Who owns idempotency records: stays the same when a key is rotated; "admin" for the admin key and people. */
  ownerId: string;
  scopes: ReadonlySet<Scope>;
  /** For this caller no other creators exist; null: all. */
  creatorIds: ReadonlySet<string> | null;
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
