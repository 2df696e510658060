/** Where a body or query is wrong: a JSON pointer into the body (`#/message`), or a query parameter's name. */
export interface FieldError {
  pointer: string;
  detail: string;
}

/** RFC 9457 problem details, as every refusal of the API has them. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** Stable: a code is never renamed. */
  code: string;
  requestId: string;
  retryable: boolean;
  errors?: FieldError[] | undefined;
  /** Figures of the code, such as `resetsAt`. */
  [member: string]: unknown;
}
