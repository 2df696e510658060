import type { Creator, CreatorProfile } from "@understudy/contracts";
import type { Prisma } from "@understudy/database";
import { formatUsd } from "@understudy/ledger";

type Row = Prisma.CreatorGetPayload<{ include: { plan: true } }> & {
  roles?: { role: string; models: string[] }[];
};

/** A creator as it is told to others. */
export function presentCreator(row: Row): Creator {
  const { plan } = row;
  const quotaUsd = row.quotaUsd ?? plan.quotaUsd;
  const ownBucket = row.ratePerHour !== null && row.burst !== null;
  return {
    id: row.id,
    plan: plan.name,
    bucket: {
      ratePerHour: Number(row.ratePerHour ?? plan.ratePerHour),
      burst: row.burst ?? plan.burst,
    },
    quotaUsd: quotaUsd === null ? null : formatUsd(quotaUsd),
    overrides: [
      ...(ownBucket ? (["bucket"] as const) : []),
      ...(row.quotaUsd ? (["quotaUsd"] as const) : []),
    ],
    ...(row.roles?.length && {
      roles: Object.fromEntries(row.roles.map(({ role, models }) => [role, models])),
    }),
    ...(row.profile !== null && { profile: row.profile as CreatorProfile }),
    ...(row.pausedAt && { pausedAt: row.pausedAt.toISOString() }),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
