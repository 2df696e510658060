import type { Provider, ServiceTier } from "@understudy/contracts";

/** What came of one HTTP request to Gemini. */
export type Generation =
  | {
      kind: "answered";
      text: string;
      /** `STOP`, `MAX_TOKENS`, …; absent where the prompt itself was blocked. */
      finishReason?: string;
      /** Why Gemini refused to answer: the prompt's or the answer's safety. Billed all the same. */
      blockReason?: string;
      /** The harm that Gemini names for that, such as `HARM_CATEGORY_HARASSMENT`; where it names any. */
      harmCategories?: string[];
      usage: unknown;
      /** The model that Gemini says has answered. */
      modelVersion?: string;
      /** The tier that was served. */
      serviceTier: ServiceTier;
      provider: Provider;
    }
  /** Answered with an error, or never reached: not billed. */
  | {
      kind: "refused";
      httpStatus?: number;
      /** Gemini's `error.status` in lower case, or `unreachable`. */
      errorCode: string;
      retryable: boolean;
      /** Gemini's RetryInfo. */
      retryAfterMs?: number;
      provider?: Provider;
    }
  /** Sent, but the answer was lost, or came only in part: it may have been billed. */
  | {
      kind: "lost";
      reason: LossReason;
      /** The last that was heard, of an answer that came in part. */
      usage?: unknown;
    };

export type LossReason = "timeout" | "aborted" | "cancelled" | "connection";

/** Reason of a signal that aborts a call because nobody wants its answer any more. */
export const cancelled = "cancelled";

/** `errorCode` of a request that was given up before anything was sent. */
export const abortedBeforeSending = "aborted_before_sending";
