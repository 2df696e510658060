import type { Provider } from "@understudy/contracts";
import { type Database, newId } from "@understudy/database";

export interface EndedCall {
  creatorId: string;
  startedAt: Date;
  /** A second after its start unless given. */
  settledAt?: Date;
  status?: "started" | "settled" | "released" | "unknown";
  costUsd?: string;
  holdUsd?: string;
  agentId?: string;
  model?: string;
  feature?: string;
  /** The first unless given. */
  attempt?: number;
  httpStatus?: number;
  errorCode?: string;
  provider?: Provider;
  providerMessage?: string;
  providerWords?: object;
  /** Of a settled call; those of others are 0. */
  tokens?: { inputTokens: number; cachedTokens: number; outputTokens: number; thoughtTokens: number };
}

const usualTokens = { inputTokens: 100, cachedTokens: 7, outputTokens: 20, thoughtTokens: 3 };
const noTokens = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, thoughtTokens: 0 };

/** Calls as they stand in UsageLog, with times of one's choice; their creators are created with the plan business. */
export async function writeCalls({ prisma }: Database, calls: readonly EndedCall[]): Promise<void> {
  const ids = [...new Set(calls.map((call) => call.creatorId))];
  await prisma.creator.createMany({
    data: ids.map((id) => ({ id, planName: "business" })),
    skipDuplicates: true,
  });
  const jobs = new Map(ids.map((creatorId) => [creatorId, newId("job")]));
  const job = { agent: "test", feature: "test", model: "gemini-2.5-flash", input: {} };
  await prisma.job.createMany({ data: [...jobs].map(([creatorId, id]) => ({ ...job, id, creatorId })) });
  const price = await prisma.price.findFirstOrThrow({ where: { model: "gemini-2.5-flash" } });
  await prisma.usageLog.createMany({
    data: calls.map(({ status = "settled", ...call }) => ({
      id: newId("call"),
      jobId: jobs.get(call.creatorId) ?? "",
      attempt: call.attempt ?? 1,
      httpStatus: call.httpStatus ?? null,
      errorCode: call.errorCode ?? null,
      provider: call.provider ?? null,
      ...(call.providerMessage !== undefined && { providerMessage: call.providerMessage }),
      ...(call.providerWords && { providerWords: call.providerWords }),
      stepKey: "draft",
      creatorId: call.creatorId,
      agentId: call.agentId ?? "test_ai",
      feature: call.feature ?? "test",
      model: call.model ?? "gemini-2.5-flash",
      serviceTier: "standard",
      status,
      month: new Date(Date.UTC(call.startedAt.getUTCFullYear(), call.startedAt.getUTCMonth(), 1)),
      priceId: price.id,
      holdUsd: call.holdUsd ?? "0.01",
      costUsd: status === "settled" ? (call.costUsd ?? "0.001") : status === "released" ? "0" : null,
      ...(status === "settled" ? (call.tokens ?? usualTokens) : noTokens),
      startedAt: call.startedAt,
      deadlineAt: new Date(call.startedAt.getTime() + 60_000),
      settledAt: status === "started" ? null : (call.settledAt ?? new Date(call.startedAt.getTime() + 1_000)),
    })),
  });
}
