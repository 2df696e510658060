import type { AcceptedJob, CreatorLimits, LaneTermsRow } from "@understudy/contracts";
import type { Prisma } from "@understudy/database";
import type { Lanes, Placement } from "@understudy/queues";

/** What bounds and weighs a creator's jobs: their own, else their plan's. */
export function laneTermsOf(
  creator: Prisma.CreatorGetPayload<{ include: { plan: true } }>,
): LaneTermsRow & { creatorSince: string } {
  const { plan } = creator;
  return {
    ratePerHour: Number(creator.ratePerHour ?? plan.ratePerHour),
    burst: creator.burst ?? plan.burst,
    weight: plan.weight,
    creatorSince: creator.createdAt.toISOString(),
    isPaused: creator.pausedAt !== null,
  };
}

/**
 * Where a job stands in its creator's lane, and when it may start at the earliest: when there is a token for it and
 * for all before it. How busy the workers are can't be known.
 *
 * @param placement undefined, or without a position: it waits in no lane, or Redis can't tell
 */
export function admissionOf(
  placement: Placement | undefined,
  now: Date,
  notBefore: Date | null,
): AcceptedJob["admission"] {
  const position = placement?.position ?? 0;
  const tokenInMs =
    placement?.position === undefined
      ? 0
      : Math.max(0, placement.nextTokenAt + position * placement.interval - placement.now);
  const startMs = Math.max(now.getTime() + Math.ceil(tokenInMs), notBefore?.getTime() ?? 0);
  return { position, estimatedStartAt: new Date(startMs).toISOString() };
}

/**
 * How much of a creator's bucket is there, without taking a token.
 * @throws where Redis is away
 */
export async function checkCreatorRateLimit(
  lanes: Lanes,
  creator: Prisma.CreatorGetPayload<{ include: { plan: true } }>,
): Promise<CreatorLimits> {
  const { ratePerHour, burst, ...rest } = laneTermsOf(creator);
  const { tokens, nextTokenAt, waiting } = await lanes.look(creator.id, { ratePerHour, burst, ...rest });
  return {
    ratePerHour,
    burst,
    remaining: tokens,
    nextTokenAt: new Date(nextTokenAt).toISOString(),
    waiting,
    paused: rest.isPaused,
  };
}
