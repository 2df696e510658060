import type { FieldError, Problem } from "./api/problem.ts";

interface ErrorFacts {
  code: string;
  status?: number | undefined;
  requestId?: string | undefined;
  retryable?: boolean | undefined;
  retryAfter?: number | undefined;
  errors?: FieldError[] | undefined;
  problem?: Problem | undefined;
  cause?: unknown;
}

/** What every error of this SDK is, but for a signal's own reason when the caller aborts. */
export class UnderstudyError extends Error {
  override readonly name: string = "UnderstudyError";
  /** Stable, to branch on: the API's own, or one of this SDK where there was no answer. */
  readonly code: string;
  /** Of the HTTP answer; undefined where there was none. */
  readonly status: number | undefined;
  /** Finds the request in the API's logs. */
  readonly requestId: string | undefined;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Seconds until it may be tried again, at least 1; undefined where the API does not say. */
  readonly retryAfter: number | undefined;
  /** Which fields were wrong; empty unless the request was not valid. */
  readonly errors: readonly FieldError[];
  /** The problem document as it came, with the members of its code. */
  readonly problem: Problem | undefined;

  constructor(message: string, facts: ErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.status = facts.status;
    this.requestId = facts.requestId;
    this.retryable = facts.retryable ?? false;
    this.retryAfter = facts.retryAfter;
    this.errors = facts.errors ?? [];
    this.problem = facts.problem;
  }
}

/** No answer came: the API is away, or the network is. Code `connection_failed`. */
export class ConnectionError extends UnderstudyError {
  override readonly name: string = "ConnectionError";

  constructor(message: string, cause?: unknown, code = "connection_failed") {
    super(message, { code, retryable: true, cause });
  }
}

/** No answer came within `timeoutMs`. Code `request_timeout`. */
export class RequestTimeoutError extends ConnectionError {
  override readonly name = "RequestTimeoutError";

  constructor(message: string) {
    super(message, undefined, "request_timeout");
  }
}

/** 400, 413, 415, 422: the request is not valid; `errors` points to each wrong field. */
export class ValidationError extends UnderstudyError {
  override readonly name = "ValidationError";
}

/** 401: the key is missing, unknown, expired or revoked. */
export class AuthenticationError extends UnderstudyError {
  override readonly name = "AuthenticationError";
}

/** 403: the key may not do this. */
export class PermissionError extends UnderstudyError {
  override readonly name = "PermissionError";
}

/** 404: there is none, or it belongs to a creator of whom the key sees nothing. */
export class NotFoundError extends UnderstudyError {
  override readonly name = "NotFoundError";
}

/** 409: the state of the thing does not allow it. */
export class ConflictError extends UnderstudyError {
  override readonly name = "ConflictError";
}

/** 429, or no token left in a creator's bucket. */
export class RateLimitError extends UnderstudyError {
  override readonly name = "RateLimitError";
  declare readonly retryAfter: number;

  constructor(message: string, facts: ErrorFacts & { retryAfter: number }) {
    super(message, { retryable: true, ...facts });
  }
}

/** 402 `quota_exceeded`: what the creator has spent leaves no room. Amounts are decimal strings in USD. */
export class QuotaExceededError extends UnderstudyError {
  override readonly name = "QuotaExceededError";
  readonly plan: string;
  readonly quotaUsd: string;
  readonly spentUsd: string;
  readonly heldUsd: string;
  /** The worst case of what the job can't do without. */
  readonly requiredUsd: string;
  /** When the quota begins anew. */
  readonly resetsAt: Date;

  constructor(message: string, facts: ErrorFacts & { problem: Problem }) {
    super(message, facts);
    const { problem } = facts;
    this.plan = String(problem.plan);
    this.quotaUsd = String(problem.quotaUsd);
    this.spentUsd = String(problem.spentUsd);
    this.heldUsd = String(problem.heldUsd);
    this.requiredUsd = String(problem.requiredUsd);
    this.resetsAt = new Date(String(problem.resetsAt));
  }
}

/** 402 `budget_exceeded`: the budget of the key, or of the platform, has no room. */
export class BudgetExceededError extends UnderstudyError {
  override readonly name = "BudgetExceededError";
  /** Whose budget it is: `key` or `platform`. */
  readonly budget: string;
  readonly budgetUsd: string;
  readonly spentUsd: string;
  readonly heldUsd: string;
  readonly requiredUsd: string;

  constructor(message: string, facts: ErrorFacts & { problem: Problem }) {
    super(message, facts);
    const { problem } = facts;
    this.budget = String(problem.budget);
    this.budgetUsd = String(problem.budgetUsd);
    this.spentUsd = String(problem.spentUsd);
    this.heldUsd = String(problem.heldUsd);
    this.requiredUsd = String(problem.requiredUsd);
  }
}

/** 5xx: a service that the API needs is away (503), or a fault of the API. */
export class ServerError extends UnderstudyError {
  override readonly name = "ServerError";
}

const byStatus: Record<number, typeof UnderstudyError> = {
  400: ValidationError,
  401: AuthenticationError,
  403: PermissionError,
  404: NotFoundError,
  409: ConflictError,
  413: ValidationError,
  415: ValidationError,
  422: ValidationError,
};

/**
 * The error of an answer that is not 2xx.
 * @param body its JSON, where it is any; a proxy's own page has no code, and gets `http_502` and the like
 * @param retryAfter seconds, where the answer says so
 */
export function errorOf(status: number, body: unknown, retryAfter: number | undefined): UnderstudyError {
  const problem = isProblem(body) ? body : undefined;
  const message = problem?.detail ?? `The API, or what stands before it, answered with HTTP ${status}.`;
  const facts = {
    code: problem?.code ?? `http_${status}`,
    status,
    requestId: problem?.requestId,
    retryable: problem?.retryable ?? [429, 502, 503, 504].includes(status),
    retryAfter,
    errors: problem?.errors,
    problem,
  };
  if (status === 429) return new RateLimitError(message, { ...facts, retryAfter: retryAfter ?? 1 });
  if (problem?.code === "quota_exceeded") return new QuotaExceededError(message, { ...facts, problem });
  if (problem?.code === "budget_exceeded") return new BudgetExceededError(message, { ...facts, problem });
  const Kind = byStatus[status] ?? (status >= 500 ? ServerError : UnderstudyError);
  return new Kind(message, facts);
}

/** The error of a problem that stands in an answer, as in those of a batch. */
export function errorOfProblem(problem: Problem): UnderstudyError {
  return errorOf(problem.status, problem, undefined);
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== "object" || body === null) return false;
  const { code, detail } = body as Partial<Problem>;
  return typeof code === "string" && typeof detail === "string";
}
