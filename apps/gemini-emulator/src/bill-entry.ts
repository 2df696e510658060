import type { Method } from "./models.ts";
import type { UsageMetadata } from "./usage.ts";

/** One HTTP request that Gemini would have billed or refused. */
export interface BillEntry {
  id: string;
  /** The caller's `x-understudy-call-id`. */
  callId: string | null;
  /** ISO 8601, UTC: when the request had arrived in full. */
  at: string;
  method: Exclude<Method, "countTokens">;
  /** The normalized id of the model that was asked for. */
  model: string;
  /** The model that answered: another one where Google routes. null for a refusal, or where the answer names none. */
  modelVersion: string | null;
  /** The HTTP status; of a request that hangs the one that it would have had. */
  status: number;
  /** The tier that served it, as the answer's usage and `x-gemini-service-tier` name it. */
  serviceTier: string;
  /** What is charged, or null for a refusal. Of a stream: what was generated so far, at least the input. */
  usageMetadata: UsageMetadata | null;
  /** The client was gone before the answer was sent in full. It is charged nonetheless. */
  aborted: boolean;
  /** A rule or a recording had its answer broken off, so that nobody can have got it whole. */
  cut?: true | undefined;
}

export interface BillTotal {
  /** Requests that are charged. */
  calls: number;
  promptTokenCount: number;
  cachedContentTokenCount: number;
  candidatesTokenCount: number;
  thoughtsTokenCount: number;
  toolUsePromptTokenCount: number;
}

export type BillChange = Pick<BillEntry, "id"> &
  Partial<Pick<BillEntry, "usageMetadata" | "aborted" | "cut">>;
