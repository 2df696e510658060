import type { Call, CallsQuery } from "@understudy/contracts";
import { type Database, literally, type Prisma } from "@understudy/database";
import { formatUsd } from "./money.ts";
import type { VisibleCreators } from "./visible-creators.ts";

/** Where a page of calls begins: after the call with this start and id. */
export interface CallsCursor {
  startedAt: Date;
  id: string;
}

/**
 * Calls in the order of their start, or the newest first, `query.limit` at most.
 * @param told what may be told of each
 * @returns the page, and where the next one begins, unless this was the last
 */
export async function calls(
  database: Database,
  query: Omit<CallsQuery, "cursor"> & VisibleCreators,
  after: CallsCursor | undefined,
  told: CallTelling,
): Promise<{ items: Call[]; next?: CallsCursor }> {
  const order = query.first === "newest" ? "desc" : "asc";
  const found = await database.prisma.usageLog.findMany({
    where: {
      ...(query.jobId && { jobId: query.jobId }),
      ...(query.creatorId && { creatorId: query.creatorId }),
      ...(query.agent && { agentId: query.agent }),
      ...(query.model && { model: query.model }),
      ...(query.feature && { feature: query.feature }),
      ...(query.status && { status: query.status }),
      ...(query.providerMessage && { providerMessage: { contains: literally(query.providerMessage) } }),
      ...(query.creatorIds && { AND: { creatorId: { in: [...query.creatorIds] } } }),
      startedAt: { ...(query.from && { gte: query.from }), ...(query.to && { lt: query.to }) },
      ...(after && behind(after, order === "asc" ? "gt" : "lt")),
    },
    orderBy: [{ startedAt: order }, { id: order }],
    take: query.limit + 1,
  });
  const page = found.slice(0, query.limit);
  const last = found.length > query.limit ? page.at(-1) : undefined;
  const items = page.map((row) => presentCall(row, told));
  return { items, ...(last && { next: { startedAt: last.startedAt, id: last.id } }) };
}

function behind({ startedAt, id }: CallsCursor, side: "gt" | "lt"): Prisma.UsageLogWhereInput {
  return { OR: [{ startedAt: { [side]: startedAt } }, { startedAt, id: { [side]: id } }] };
}

export type CallRow = Awaited<ReturnType<Database["prisma"]["usageLog"]["findMany"]>>[number];

/** What may be told of a call. */
export interface CallTelling {
  /** The provider's own words too. */
  withWords: boolean;
}

/** A call as it is told to others. */
export function presentCall(row: CallRow, { withWords }: CallTelling): Call {
  return {
    id: row.id,
    jobId: row.jobId,
    creatorId: row.creatorId,
    agentId: row.agentId,
    feature: row.feature,
    stepKey: row.stepKey,
    attempt: row.attempt,
    model: row.model,
    modelVersion: row.modelVersion,
    provider: row.provider,
    serviceTier: row.serviceTier,
    status: row.status,
    inputTokens: row.inputTokens,
    cachedTokens: row.cachedTokens,
    outputTokens: row.outputTokens,
    thoughtTokens: row.thoughtTokens,
    costUsd: row.costUsd === null ? null : formatUsd(row.costUsd),
    unknownUsd: row.status === "unknown" ? formatUsd(row.holdUsd) : "0",
    holdUsd: formatUsd(row.holdUsd),
    estimated: row.estimated,
    byOperator: row.byOperator,
    finishReason: row.finishReason,
    httpStatus: row.httpStatus,
    errorCode: row.errorCode,
    ...(withWords && row.providerMessage !== null && { providerMessage: row.providerMessage }),
    ...(withWords &&
      row.providerWords !== null && {
        providerWords: row.providerWords as NonNullable<Call["providerWords"]>,
      }),
    startedAt: row.startedAt.toISOString(),
    settledAt: row.settledAt?.toISOString() ?? null,
  };
}
