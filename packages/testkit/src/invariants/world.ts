import type { Database } from "@understudy/database";
import type { MorePrice } from "../second-price.ts";

/** What the invariants are asked of: the services themselves, past all links that a fault may cut. */
export interface World {
  database: Database;
  emulatorUrl: string;
  redisUrl: string;
  /** Prices that were added while everything ran. */
  prices?: readonly MorePrice[];
  /** The platform's budget of a month (`PLATFORM_QUOTA_USD`), where it has one. */
  platformQuotaUsd?: string | undefined;
}

/** A job that a client was given with a 202. */
export interface AcceptedJob {
  id: string;
  idempotencyKey?: string;
  /** When, in ms since 1970. */
  at?: number;
}

/** What one endpoint's receiver was told of the ends of jobs. */
export interface HeardEvents {
  endpointId: string;
  events: readonly { webhookId: string; jobId: string; type: string; at: number }[];
}

/** A time, in ms since 1970. */
export interface Span {
  from: number;
  until: number;
}

/** How a job has ended: as `status`, and of one that has no result for the reason `errorCode`. */
export interface JobEnd {
  id: string;
  agent: string;
  creatorId: string;
  status: string;
  errorCode: string | null;
}

/** What clients and receivers saw, and what was done to the system. */
export interface Told {
  accepted: readonly AcceptedJob[];
  /** How many calls a fault may have left open, without an entry, or unknown. Any number unless given. */
  lostCallsMax?: number;
  /**
   * When an answer that the provider had sent whole may have been lost: a worker was killed, stopped or
   * frozen, or its link to the provider was disturbed. A worker that dies takes all with it that it had not
   * written down: where it had no Postgres, since that time. At any time unless given.
   */
  mayLose?: readonly Span[];
  webhooks?: readonly HeardEvents[];
  /** Jobs that were made to kill their process, or to throw: the others must never be blamed. */
  poisoned?: ReadonlySet<string>;
  /** Whether a job may have ended so, without a result. Unless given, however it likes, but for blame. */
  mayEnd?: (job: JobEnd) => boolean;
  /** How many workers live, those of suspects among them: no more leases of workers may be held. */
  workersMax?: number;
}

/** Words of each job's own, which stand in every request to the provider that is made for it. */
export interface JobWords {
  /** Finds them in any text, so it is global. Their last character ends them: a text may be cut. */
  pattern: RegExp;
  /** By the job's id. */
  words: ReadonlyMap<string, string>;
}
