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

/** What clients and receivers saw. */
export interface Told {
  accepted: readonly AcceptedJob[];
  /** How many calls a fault may have left open: with a row, but not on the bill, or unknown. Any number unless given. */
  lostCallsMax?: number;
  webhooks?: readonly HeardEvents[];
  /** Jobs that were made to kill their process, or to throw: the others must never be blamed. */
  poisoned?: ReadonlySet<string>;
}
