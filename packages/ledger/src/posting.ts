import { quotaThresholds } from "@understudy/contracts";

/** What posting.sql takes, beside a statement's own items. */
export interface PostingTerms {
  /** What all creators together may spend in a month, in USD; no bound unless given. */
  platformQuotaUsd?: string | undefined;
}

/** A statement's items with what its posting takes: in the first of them, since it is the same for all. */
export function toPost<Item extends object>(
  [first, ...others]: readonly Item[],
  terms: PostingTerms = {},
): (Item & { posting?: PostingTerms & { thresholds: readonly number[] } })[] {
  return first ? [{ ...first, posting: { thresholds: quotaThresholds, ...terms } }, ...others] : [];
}
