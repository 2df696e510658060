import { type Database, newId } from "@understudy/database";
import { addToAccounts } from "./account-rows.ts";
import { createApiKeyRow } from "./api-key-row.ts";

export interface UnknownCallOptions {
  creatorId: string;
  holdUsd: string;
  /** A key whose account knows of the hold too; it is made where it is missing. */
  apiKey?: { id: string; budgetUsd: string | null };
}

/** A call whose answer was lost, on the accounts as the worker and the reconciler leave it. */
export async function createUnknownCall(database: Database, options: UnknownCallOptions): Promise<string> {
  const { creatorId, holdUsd, apiKey } = options;
  const { prisma } = database;
  const now = new Date();
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  const [id, jobId] = [newId("call"), newId("job")];
  const agent = { agentId: "test_ai", feature: "test", model: "gemini-2.5-flash" };
  const price = await prisma.price.findFirstOrThrow({
    where: { model: agent.model, serviceTier: "standard" },
  });
  await prisma.creator.upsert({ where: { id: creatorId }, create: { id: creatorId }, update: {} });
  if (apiKey) await createApiKeyRow(database, apiKey.budgetUsd, apiKey.id);
  const keyId = apiKey ? { apiKeyId: apiKey.id } : {};
  await prisma.job.create({
    data: {
      id: jobId,
      agent: "test",
      creatorId,
      feature: "test",
      model: agent.model,
      input: {},
      dispatchedAt: now,
      ...keyId,
    },
  });
  await addToAccounts(database, { creatorId, month, ...keyId }, { unknownUsd: holdUsd });
  const lost = { status: "unknown", errorCode: "answer_lost", deadlineAt: now, settledAt: now } as const;
  const call = { id, jobId, attempt: 1, stepKey: "prompt", creatorId, month, ...keyId, ...agent };
  await prisma.usageLog.create({
    data: { ...call, ...lost, serviceTier: "standard", priceId: price.id, holdUsd },
  });
  return id;
}
