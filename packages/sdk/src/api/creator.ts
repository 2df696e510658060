/** How fast a creator may start jobs: a token bucket over all agents. */
export interface Bucket {
  ratePerHour: number;
  burst: number;
}

/** How the creator sounds, for the agents that write in their name. */
export interface CreatorProfile {
  displayName?: string | undefined;
  voice?: string | undefined;
  dos?: string[] | undefined;
  donts?: string[] | undefined;
  /** Such as `en` or `pt-BR`. */
  languages?: string[] | undefined;
  /** USD by what it is for: `{"video call": "50"}`. */
  prices?: Record<string, string> | undefined;
  sampleReplies?: string[] | undefined;
}

/** Models by what they are called for, the first that can be called answers. */
export type RoleModels = {
  [Role in "draft" | "check" | "offer" | "caption" | "explain" | "summary" | "embed"]?: string[] | undefined;
};

/** A creator, as `GET /api/ai/creators/{id}` gives it. */
export interface Creator {
  id: string;
  plan: string;
  /** The one in force: the creator's own, else the plan's. */
  bucket: Bucket;
  /** The one in force, in USD a month; null is no quota. */
  quotaUsd: string | null;
  /** Which of the two are the creator's own. */
  overrides: ("bucket" | "quotaUsd")[];
  /** Models that answer for this creator's jobs, by role, where they differ. */
  roles?: RoleModels | undefined;
  profile?: CreatorProfile | undefined;
  /** Since when an operator holds its jobs back. */
  pausedAt?: string | undefined;
  createdAt: string;
  updatedAt: string;
}

/** What is left out stays; null goes back to the plan. */
export interface CreatorUpdate {
  plan?: string | undefined;
  bucket?: Bucket | null | undefined;
  quotaUsd?: string | null | undefined;
  /** Models that answer for this creator's jobs, by role, where they differ; null: as for all. */
  roles?: RoleModels | null | undefined;
  profile?: CreatorProfile | undefined;
}

/** Plan and overrides that a creator had before: `validFrom` is included, `validTo` is not. */
export interface PastCreatorTerms {
  plan: string;
  /** Null: the plan's. */
  bucket: Bucket | null;
  /** Null: the plan's. */
  quotaUsd: string | null;
  validFrom: string;
  validTo: string;
}

/** A creator's bucket, looked at without taking a token. */
export interface CreatorLimits {
  ratePerHour: number;
  burst: number;
  /** Tokens that are there now. */
  remaining: number;
  /** When the next token is there, or since when one is. */
  nextTokenAt: string;
  /** Jobs in the creator's lane. */
  waiting: number;
  /** An operator holds its jobs back. */
  paused: boolean;
}

/** What a creator has of their quota in the current UTC month. Amounts are decimal strings in USD. */
export interface Quota {
  plan: string;
  periodStart: string;
  resetsAt: string;
  /** The one in force: the creator's own, else the plan's; null is none. */
  quotaUsd: string | null;
  spentUsd: string;
  /** Reserved for calls under way. */
  heldUsd: string;
  /** Upper bound of what calls with a lost answer may have cost; counts as used. */
  unknownUsd: string;
  /** What is neither spent, held nor unknown; null without a quota. */
  remainingUsd: string | null;
  /** Spent and unknown, in percent of the quota with two decimals; 0 without a quota. */
  percentUsed: number;
}

/** One fact that an agent learned, or a reply that the creator really sent. */
export interface Insight {
  id: string;
  /** `creator`: for this one alone. `everyone`: learned for all, with nothing personal in it. */
  scope: "creator" | "everyone";
  /** Whom it tells of. */
  fanId?: string | undefined;
  /** Id of the agent that learned it. */
  source: string;
  type: string;
  /** 0 to 1, as it is now: it decays by 0.8 for each 30 days. */
  confidence: number;
  text: string;
  data: Record<string, unknown>;
  /** How often results in which it was used did well, and did not. */
  outcomes: { good: number; bad: number };
  expiresAt?: string | undefined;
  createdAt: string;
}

/** How much was erased of each kind. */
export interface ErasedFan {
  creatorId: string;
  fanId: string;
  /** Jobs whose input, result and metadata are gone; what they cost stays on record. */
  jobs: number;
  /** Of those, jobs that had not ended: they are cancelled. */
  cancelled: number;
  steps: number;
  insights: number;
  feedback: number;
  /** Events about the fan's jobs that had not been told yet; they tell of an erased job now. */
  events: number;
  /** Buffers of streams that were kept for readers. */
  streams: number;
  /** Whether there was a summary of the conversation. */
  memory: boolean;
}
