import { createHash } from "node:crypto";
import { type Database, newId } from "@understudy/database";

/** A key that nobody can use, with its account: for calls that are to be charged to one. @returns its id */
export async function createApiKeyRow(
  database: Database,
  budgetUsd: string | null,
  id = newId("key"),
): Promise<string> {
  const secretHash = createHash("sha256").update(id).digest();
  const data = { id, name: "of a test", budgetUsd, secretHash: new Uint8Array(secretHash) };
  await database.prisma.apiKey.upsert({ where: { id }, create: data, update: {} });
  const account = { id: `key:${id}`, kind: "key", apiKeyId: id } as const;
  await database.prisma.account.upsert({ where: { apiKeyId: id }, create: account, update: {} });
  return id;
}
