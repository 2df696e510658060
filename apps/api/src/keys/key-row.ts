import type { ApiKeyStatus } from "@understudy/contracts";
import type { Prisma } from "@understudy/database";

export type KeyRow = Prisma.ApiKeyGetPayload<object>;

/** With what it has spent; without an account it has not made a call yet. */
export type SpendingKeyRow = Prisma.ApiKeyGetPayload<{ include: { account: true } }>;

/** Whether a key is good, or why not. */
export function statusOf({ revokedAt, expiresAt }: KeyRow, now: Date): ApiKeyStatus {
  if (revokedAt) return "revoked";
  return expiresAt && expiresAt <= now ? "expired" : "active";
}
