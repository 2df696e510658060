import type { ProblemCode } from "@understudy/contracts";

/** Where a body or query is wrong: a JSON pointer (`#/message`) or a query parameter's name. */
export interface FieldFault {
  pointer: string;
  detail: string;
}

interface ProblemOptions {
  errors?: FieldFault[];
  /** Members beside the standard's, such as the agents that exist. */
  members?: Record<string, unknown>;
  headers?: Record<string, string>;
  retryable?: boolean;
  /** Key that was shown; for our own records, not for the answer. */
  keyId?: string;
}

/** Thrown by a route to answer with an RFC 9457 problem. */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: ProblemCode;
  readonly options: ProblemOptions;

  /** @param detail says what is wrong and what to do; never a secret or what a fan wrote */
  constructor(status: number, code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.options = options;
  }
}

/** There is more to do than can be done: nothing was begun. */
export function overloaded(): ProblemError {
  return new ProblemError(503, "overloaded", "There is too much to do at the moment. Nothing was done.", {
    retryable: true,
    headers: { "retry-after": "1" },
  });
}

/** A service that the request needs is away. */
export function unavailable(detail: string): ProblemError {
  return new ProblemError(503, "unavailable", detail, { retryable: true, headers: { "retry-after": "2" } });
}
