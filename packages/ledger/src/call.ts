import type { Provider, ServiceTier } from "@understudy/contracts";
import type { Decimal } from "decimal.js";
import type { Price } from "./price-book.ts";

/** A call that is about to be made. */
export interface CallIntent {
  id: string;
  jobId: string;
  /** Fencing number of the job's attempt. */
  attempt: number;
  stepKey: string;
  creatorId: string;
  agentId: string;
  feature: string;
  /** Of the model that is asked. */
  price: Price;
  /** Models that may answer in its place, as it was read. */
  routedTo: readonly string[];
  /** The worst case of all models that the attempt may turn to. */
  holdUsd: Decimal;
  /** The worst case of this model, and of who may answer in its place. */
  worstUsd: Decimal;
  /** The worst case of its prompt alone. */
  promptWorstUsd: Decimal;
  /** What the job holds beside this call from now on: for others that it can't do without. What it held is given back. */
  reserveUsd: Decimal;
  /** Past this the answer counts as lost. */
  timeoutSeconds: number;
}

/** A call that is written down. */
export interface OpenCall extends CallIntent {
  kind: "open";
  /** By the database's clock: it decides the price. */
  startedAt: Date;
}

/** How a call ended, as far as the wire tells. */
export type CallAnswer =
  /** Gemini answered and bills it. */
  | {
      kind: "answered";
      /** `usageMetadata` as it came. */
      usage: unknown;
      /** The model that says that it has answered. */
      modelVersion?: string;
      /** Refused before anything was written: the prompt alone can be billed. */
      isPromptBlocked?: boolean;
      /** The tier that was served: priority may be served as standard. */
      serviceTier: ServiceTier;
      provider: Provider;
      finishReason?: string;
      /** Kept as the finished step's result: run again, the job gets it back. */
      stepResult?: object;
    }
  /** Gemini refused it, or it was never sent: it costs nothing. */
  | {
      kind: "refused";
      errorCode: string;
      httpStatus?: number;
      provider?: Provider;
      /** The provider's own, bounded, and without what the prompt says. */
      words?: ProviderWords;
    };

/** What a provider says of a call beside its answer: bounded, storable, and without the request's own text. */
export interface ProviderWords {
  /** Its error's message, 1,000 characters at most; empty where it said only the rest. */
  message: string;
  /** `ErrorInfo.reason`, such as `API_KEY_INVALID`. */
  reason?: string;
  /** `QuotaFailure.violations`: 10 at most, each `metric, id, value, description` as far as they are told. */
  quota?: string[];
  /** `BadRequest.fieldViolations`: 10 at most, each `field: description`. */
  fields?: string[];
  /** What the provider calls the request, for asking its support. */
  requestId?: string;
}

/** Tokens and cost of an ended call, as they stand in `UsageLog`. */
export interface SettledCall {
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  thoughtTokens: number;
  costUsd: Decimal;
  /** The usage was missing or contradicts itself. */
  estimated: boolean;
}
