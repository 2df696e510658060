import type { Provider, ServiceTier } from "@understudy/contracts";
import type { ProviderWords } from "@understudy/ledger";

/** What came of one request to a model's provider. */
export type Generation =
  | {
      kind: "answered";
      text: string;
      /** `STOP`, `MAX_TOKENS`, …; absent where the prompt itself was blocked. */
      finishReason?: string;
      /**
       * Why there is no answer: the prompt's or the answer's refusal, billed all the same. `NO_TEXT` where the model
       * ended well without a word, `MAX_TOKENS` where it had written none of a text when its tokens were used up.
       */
      blockReason?: string;
      /** The prompt was refused and nothing written: it costs its input at most, also where no usage came. */
      isPromptBlocked?: true;
      /** The harm that Gemini names for that, such as `HARM_CATEGORY_HARASSMENT`; where it names any. */
      harmCategories?: string[];
      /** `usageMetadata` as it came; of a stream each field's last that says something. */
      usage: unknown;
      /** The model that Gemini says has answered. */
      modelVersion?: string;
      /** The tier that was served. */
      serviceTier: ServiceTier;
      provider: Provider;
      /** What the provider calls the request. */
      requestId?: string;
    }
  /** Answered with an error, or never reached: not billed. */
  | {
      kind: "refused";
      httpStatus?: number;
      /** Gemini's `error.status` in lower case, or `unreachable`. */
      errorCode: string;
      retryable: boolean;
      /** Gemini's RetryInfo, else the header `Retry-After`; a day at most. */
      retryAfterMs?: number;
      provider?: Provider;
      words?: ProviderWords;
    }
  /** Sent, but the answer was lost, came only in part, or was none: it may have been billed. */
  | {
      kind: "lost";
      reason: LossReason;
      /** The last that was heard, of an answer that came in part. */
      usage?: unknown;
      words?: ProviderWords;
    };

/** `connection` also where the provider closed well without an answer. */
export type LossReason = "timeout" | "aborted" | "cancelled" | "connection";

/** Reason of a signal that aborts a call because nobody wants its answer any more. */
export const cancelled = "cancelled";

/** `errorCode` of a request that was given up before anything was sent. */
export const abortedBeforeSending = "aborted_before_sending";

/** Whether an answer was cut at a limit: of its tokens, or of what one exchange may carry (Gemini 4). */
export function isCutOff(finishReason: string | undefined): boolean {
  return finishReason === "MAX_TOKENS" || finishReason === "CONTINUATION";
}
