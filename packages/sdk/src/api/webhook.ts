import type { Agents } from "../generated/agents.ts";
import type { Job } from "./job.ts";
import type { Charge } from "./money.ts";

/** What an endpoint can be told of. */
export type WebhookEventType =
  | "job.completed"
  | "job.failed"
  | "job.blocked"
  | "job.cancelled"
  | "quota.threshold"
  | "charge.closed"
  | "alert.raised";

interface EventOf<Type extends string, Data> {
  type: Type;
  /** When it happened: the same in every try. ISO 8601. */
  timestamp: string;
  data: Data;
}

/** A creator reached 50, 80, 95 or 100 % of their quota: told once a month each. */
export interface QuotaThreshold {
  alertId: string;
  alert: "quota_threshold";
  creatorId: string;
  percent: number;
  /** `2026-11` */
  month: string;
  plan: string;
  quotaUsd: string;
  spentUsd: string;
  unknownUsd: string;
}

type RaisedOf<Type, CreatorId, Figures> = { alertId: string; alert: Type; creatorId: CreatorId } & Figures;

/** Something that operators should know, with the figures of its type as they were then. Hours are UTC: `2026-11-22T18`. */
export type RaisedAlert =
  | RaisedOf<"spend_spike", string, { hour: string; spentUsd: string; meanHourUsd: string }>
  | RaisedOf<"unknown_calls", string, { hour: string; calls: number; upToUsd: string }>
  | RaisedOf<"cost_above_hold", string, { callId: string; costUsd: string; holdUsd: string }>
  | RaisedOf<
      "endpoint_disabled",
      null,
      { endpointId: string; reason: "gone" | "failing"; failingSince: string }
    >
  | RaisedOf<"not_storable", string, { jobId: string; sqlState: string }>
  | RaisedOf<"redis_evicts", null, { policy: string }>
  | RaisedOf<
      "model_unavailable",
      null,
      { model: string; apiVersion: string; next: string | null; priceRatio: string | null }
    >
  | RaisedOf<"model_rerouted", null, { model: string; modelVersion: string; callId: string; costUsd: string }>
  | RaisedOf<"model_retiring", null, { model: string; retiresAt: string; days: number; roles: string[] }>
  | RaisedOf<"provider_key_refused", null, { provider: string; reason: string; callId: string }>
  | RaisedOf<"provider_account_depleted", null, { model: string; sinceSeconds: number }>
  | RaisedOf<
      "provider_refuses",
      null,
      { model: string; httpStatus: number; errorCode: string; hour: string; calls: number }
    >;

/** A completed job of an agent: `data.agent === "chat"` says what its result is. */
export type JobOfAgent = {
  [Name in keyof Agents]: Job<Agents[Name]["result"]> & { agent: Name };
}[keyof Agents];

/** The body of a webhook. */
export type WebhookEvent =
  | EventOf<"job.completed", JobOfAgent>
  | EventOf<"job.failed", Job>
  | EventOf<"job.blocked", Job>
  | EventOf<"job.cancelled", Job>
  | EventOf<"quota.threshold", QuotaThreshold>
  | EventOf<"charge.closed", Charge>
  | EventOf<"alert.raised", RaisedAlert>
  /** Asked for by `webhooks.test(id)`. */
  | EventOf<"webhook.test", { endpointId: string }>;

export interface NewWebhookEndpoint {
  /** Addresses are checked when it is called, at each connection. */
  url: string;
  events: WebhookEventType[];
  description?: string | undefined;
  /** Hears of these creators only; of all where it is left out. */
  creatorIds?: string[] | undefined;
}

/** What is left out stays. */
export interface WebhookEndpointUpdate {
  url?: string | undefined;
  events?: WebhookEventType[] | undefined;
  description?: string | null | undefined;
  creatorIds?: string[] | undefined;
  /** false: nothing is sent, and what waits is given up. true: it hears of what happens from now on. */
  enabled?: boolean | undefined;
}

export interface WebhookEndpoint {
  id: string;
  url: string;
  description?: string | undefined;
  events: string[];
  /** Empty: of all creators. */
  creatorIds: string[];
  enabled: boolean;
  disabledAt?: string | undefined;
  /** gone: it answered 410. failing: for days. by_request: by its owner. */
  disabledReason?: "gone" | "failing" | "by_request" | undefined;
  /** Since when every try has failed. */
  failingSince?: string | undefined;
  /** Where it is read: deliveries still to be made; 1,000 is that many or more. */
  pending?:
    | {
        /** For a later time. */
        waiting: number;
        /** Their time has come. */
        due: number;
        underWay: number;
        /** Of the first of those that wait. */
        nextTryAt?: string | undefined;
      }
    | undefined;
  /** Until when the secret before the last rotation signs as well. */
  previousSecretUntil?: string | undefined;
  createdAt: string;
  updatedAt: string;
}

/** The only time that the secret is shown. */
export interface WebhookEndpointSecret extends WebhookEndpoint {
  /** `whsec_…` */
  secret: string;
}

/** One event to one endpoint. */
export interface WebhookDelivery {
  id: string;
  /** `webhook-id`, the same in every try and replay. */
  eventId: string;
  type: string;
  jobId?: string | undefined;
  status: "pending" | "delivered" | "failed";
  nextTryAt?: string | undefined;
  deliveredAt?: string | undefined;
  createdAt: string;
  /** The first one first; those of before a replay too. */
  tries: WebhookTry[];
}

/** One HTTP request of a delivery. */
export interface WebhookTry {
  at: string;
  /** From connecting to the end of the answer, in milliseconds. */
  ms: number;
  status?: number | undefined;
  /** What went wrong where there was no answer, or where its status tells too little. */
  error?: string | undefined;
  /** First bytes of the answer, 1,024 at most. */
  body?: string | undefined;
}

export interface ReplayAnswer {
  /** Deliveries that are under way again, or for the first time. */
  deliveries: number;
  /** There are more than one request takes: ask again with this as `since`. */
  nextSince?: string | undefined;
}
