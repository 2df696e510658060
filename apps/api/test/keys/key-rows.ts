import { newId } from "@understudy/database";
import type { SpendingKeyRow } from "../../src/keys/key-row.ts";
import { hashSecret, keyBeginning, newKeySecret } from "../../src/keys/key-text.ts";

export const inAMinute = () => new Date(Date.now() + 60_000);
export const aMinuteAgo = () => new Date(Date.now() - 60_000);

/** A key as it stands in Postgres, with the texts that its holders have. */
export function keyRow(more: Partial<SpendingKeyRow> = {}): {
  row: SpendingKeyRow;
  key: string;
  previous: string;
} {
  const [secret, previous] = [newKeySecret(), newKeySecret()];
  const id = newId("key");
  const createdAt = new Date("2026-11-01T09:00:00.123Z");
  const usd = (amount: string) => amount as unknown as NonNullable<SpendingKeyRow["account"]>["spentUsd"];
  const row: SpendingKeyRow = {
    id,
    name: "web app",
    scopes: ["jobs:write", "jobs:read"],
    creatorIds: [],
    secretHash: hashSecret(secret),
    previousSecretHash: hashSecret(previous),
    previousSecretUntil: null,
    budgetUsd: null,
    account: {
      ...{ id: `key:${id}`, kind: "key", creatorId: null, apiKeyId: id, month: null },
      ...{
        spentUsd: usd("1.500000000000"),
        heldUsd: usd("0.250000000000"),
        unknownUsd: usd("0.125000000000"),
      },
      ...{ usedUsd: usd("1.625000000000"), alertedPercent: 0, closedAt: null },
    },
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    createdAt,
    updatedAt: new Date("2026-11-02T09:00:00.123Z"),
    ...more,
  };
  const begins = keyBeginning("live", id);
  return { row, key: begins + secret, previous: begins + previous };
}
