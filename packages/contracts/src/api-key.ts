import { z } from "zod";
import { creatorId } from "./ids.ts";
import { usd } from "./money.ts";
import { type Scope, scopes, unboundScopes } from "./scope.ts";
import { timeWithOffset } from "./time.ts";

const isoTime = z.iso.datetime();
const name = z.string().min(1).max(100);
const scope = z.enum(Object.keys(scopes) as [Scope, ...Scope[]]);
const scopeList = z.array(scope).min(1).transform(unique);
const creatorIds = z.array(creatorId).min(1).max(1000).transform(unique);

function unique<Item>(items: Item[]): Item[] {
  return [...new Set(items)];
}

const isUnbound = {
  message: `must be left out for a key with the scope ${unboundScopes.join(" or ")}`,
  path: ["creatorIds"],
};

/** Body of `POST /api/ai/admin/keys`. */
export const newApiKey = z
  .strictObject({
    /** What it is for, in the operator's words. */
    name,
    scopes: scopeList,
    /** For this key no other creators exist; all exist where it is left out. */
    creatorIds: creatorIds.optional(),
    /** What its jobs may cost in all, for its whole life. */
    budgetUsd: usd.optional(),
    /** It is refused from then on; never where it is left out. */
    expiresAt: timeWithOffset.optional(),
  })
  .refine((key) => !(key.creatorIds && key.scopes.some((scope) => unboundScopes.includes(scope))), isUnbound);

export type NewApiKey = z.infer<typeof newApiKey>;

/** Body of `PATCH /api/ai/admin/keys/{id}`: what is left out stays; null takes the bound away. */
export const apiKeyUpdate = z.strictObject({
  name: name.optional(),
  scopes: scopeList.optional(),
  creatorIds: creatorIds.nullable().optional(),
  budgetUsd: usd.nullable().optional(),
  expiresAt: timeWithOffset.nullable().optional(),
});

export type ApiKeyUpdate = z.infer<typeof apiKeyUpdate>;

const graceSecondsMax = 30 * 86_400;

/** Body of `POST /api/ai/admin/keys/{id}/rotate`. */
export const apiKeyRotation = z
  .strictObject({
    /** How long the secret before is good as well: a day unless said, 30 days at most, 0 for not at all. */
    graceSeconds: z.int().min(0).max(graceSecondsMax).default(86_400),
  })
  .prefault({});

export const apiKeyStatuses = ["active", "expired", "revoked"] as const;
export type ApiKeyStatus = (typeof apiKeyStatuses)[number];

/** A key as it is told to operators: without its secret, which is known to who holds it alone. */
export const apiKey = z.object({
  id: z.string(),
  name: z.string(),
  /** How the key begins, for finding it again. */
  begins: z.string(),
  status: z.enum(apiKeyStatuses),
  scopes: z.array(scope),
  /** Null: all. */
  creatorIds: z.array(z.string()).nullable(),
  budgetUsd: usd.nullable(),
  spentUsd: usd,
  /** Reserved for calls under way. */
  heldUsd: usd,
  /** Upper bound of calls whose answer was lost. */
  unknownUsd: usd,
  createdAt: isoTime,
  updatedAt: isoTime,
  /** To the minute; null before its first use. */
  lastUsedAt: isoTime.nullable(),
  expiresAt: isoTime.optional(),
  revokedAt: isoTime.optional(),
  /** Until when the secret before the last rotation is good as well. */
  previousSecretUntil: isoTime.optional(),
});

export type ApiKey = z.infer<typeof apiKey>;

/** Answer of `POST /api/ai/admin/keys` and of `…/rotate`: the only time that the key is shown. */
export const apiKeySecret = apiKey.extend({ key: z.string().startsWith("us_") });

export type ApiKeySecret = z.infer<typeof apiKeySecret>;

/** Query of `GET /api/ai/admin/keys`: the newest first. */
export const apiKeysQuery = z.strictObject({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
