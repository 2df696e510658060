/** Google's canonical status names by HTTP status, as Gemini writes them into `error.status`. */
const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  408: "DEADLINE_EXCEEDED",
  409: "ABORTED",
  412: "FAILED_PRECONDITION",
  413: "INVALID_ARGUMENT",
  416: "OUT_OF_RANGE",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** What Gemini says with a status when nothing more is known. */
const STATUS_MESSAGES: Readonly<Record<number, string>> = {
  400: "Request contains an invalid argument.",
  401: "API keys are not supported by this API. Expected OAuth2 access token.",
  403: "The caller does not have permission",
  404: "Requested entity was not found.",
  429: "You exceeded your current quota, please check your plan and billing details.",
  500: "An internal error has occurred. Please retry or report in the troubleshooting guide.",
  502: "Bad gateway.",
  503: "The model is overloaded. Please try again later.",
  504: "Deadline expired before operation could complete.",
};

/** A refusal in Gemini's words: becomes `{error: {code, message, status, details?}}`. */
export class GeminiError extends Error {
  readonly httpStatus: number;
  readonly details: readonly object[];

  /** @param httpStatus 400-599 @param details as in `google.rpc.Status.details` */
  constructor(httpStatus: number, message?: string, details: readonly object[] = []) {
    super(message ?? STATUS_MESSAGES[httpStatus] ?? "Unknown error.");
    this.name = "GeminiError";
    this.httpStatus = httpStatus;
    this.details = details;
  }

  /** The JSON body as Gemini sends it. */
  toBody(): string {
    const error = {
      code: this.httpStatus,
      message: this.message,
      status: STATUS_NAMES[this.httpStatus] ?? "UNKNOWN",
      ...(this.details.length > 0 && { details: this.details }),
    };
    return JSON.stringify({ error }, null, 2);
  }
}

/** The detail with which Gemini says when to come back. @param retryDelay a protobuf duration such as `"7s"` */
export function retryInfo(retryDelay: string): object {
  return { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay };
}
