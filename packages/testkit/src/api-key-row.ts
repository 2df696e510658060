import { createHash } from "node:crypto";
import { type Database, newId } from "@understudy/database";

/** A key that nobody can use: for accounts that are to be charged to one. @returns its id */
export async function createApiKeyRow(
  database: Database,
  budgetUsd: string | null,
  id = newId("key"),
): Promise<string> {
  const secretHash = createHash("sha256").update(id).digest();
  const data = { id, name: "of a test", budgetUsd, secretHash: new Uint8Array(secretHash) };
  await database.prisma.apiKey.upsert({ where: { id }, create: data, update: {} });
  return id;
}
