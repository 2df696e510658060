import type { ApiKey, Scope } from "@understudy/contracts";
import { formatUsd } from "@understudy/ledger";
import { type SpendingKeyRow, statusOf } from "./key-row.ts";
import { type KeyEnvironment, keyBeginning } from "./key-text.ts";

/** A key as it is told to operators: without its secrets. */
export function presentKey(row: SpendingKeyRow, environment: KeyEnvironment, now: Date): ApiKey {
  const { previousSecretUntil } = row;
  return {
    id: row.id,
    name: row.name,
    begins: keyBeginning(environment, row.id),
    status: statusOf(row, now),
    scopes: row.scopes as Scope[],
    creatorIds: row.creatorIds.length > 0 ? row.creatorIds : null,
    budgetUsd: row.budgetUsd === null ? null : formatUsd(row.budgetUsd),
    spentUsd: formatUsd(row.account?.spentUsd ?? "0"),
    heldUsd: formatUsd(row.account?.heldUsd ?? "0"),
    unknownUsd: formatUsd(row.account?.unknownUsd ?? "0"),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    ...(row.expiresAt && { expiresAt: row.expiresAt.toISOString() }),
    ...(row.revokedAt && { revokedAt: row.revokedAt.toISOString() }),
    ...(previousSecretUntil &&
      previousSecretUntil > now && { previousSecretUntil: previousSecretUntil.toISOString() }),
  };
}
