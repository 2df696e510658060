import { findAgent } from "@understudy/agents";
import type { ClaimedJob } from "@understudy/jobs";
import {
  type FirstReadsRow,
  type InsightSearch,
  insightsAtClaim,
  type StoredInsight,
} from "@understudy/knowledge";

/**
 * Insights that were learned in another fan's jobs may be erased after the claim, and this job would not hear of it: later than
 * that they are looked for again. Of its own fan all is fenced off by the erasure: no call is opened any more.
 */
const freshMs = 1_000;

/**
 * What was found when the job was claimed, where this is what its agent declares to begin with.
 * @param claimedAt no later than Postgres has looked, as `performance.now()` tells it
 */
export function foundAtClaim(
  job: ClaimedJob,
  claimedAt: number,
  { about, types, fanId, limit }: InsightSearch,
): StoredInsight[] | undefined {
  const first = findAgent(job.agent)?.firstReads?.insights;
  const isFirst =
    first !== undefined &&
    types === undefined &&
    (fanId ?? null) === job.fanId &&
    limit <= first.limit &&
    about === (job.input as Record<string, unknown>)[first.about];
  if (!isFirst) return undefined;
  const found = insightsAtClaim(job as FirstReadsRow);
  // Where there was nothing, nothing can be erased.
  const isGood = found?.length === 0 || performance.now() - claimedAt < freshMs;
  return isGood ? found?.slice(0, limit) : undefined;
}
