import { z } from "zod";

/** What went wrong, for programs. Stable: a code is never renamed. */
export const problemCodes = {
  invalid_request: "A field is missing, unknown, or of the wrong form; `errors` points to each.",
  invalid_json: "The body is not JSON in UTF-8.",
  unsupported_media_type: "The body must be application/json.",
  body_too_large: "The body is larger than this route takes.",
  input_too_large: "A field of the input, or all of it, is larger than a job may have.",
  unauthorized: "No API key came with the request.",
  invalid_api_key: "The API key, or the job's token, is not known, was revoked, or has expired.",
  forbidden_scope: "The API key is not allowed to do this; `scope` is what it lacks.",
  rate_limited: "The key has sent more requests than it may; try again after `Retry-After` seconds.",
  too_many_sign_ins:
    "So many sign-ins failed, from this address or from all, that none is tried; try again after `Retry-After` seconds.",
  foreign_page: "The request comes from a page of another site, or can't show that it does not.",
  csrf_token_invalid: "Who has signed in by a cookie must send their session's csrfToken as `x-csrf-token`.",
  api_key_not_found: "No API key has that id.",
  api_key_changed: "Another request changed the API key at the same time; read it anew.",
  api_key_ended: "The API key was revoked or has expired: it can't be rotated.",
  not_found: "There is no such route.",
  agent_not_found: "No agent has that name; `agents` lists those that exist.",
  job_not_found: "No job has that id.",
  creator_not_found: "No creator has that id, and unknown creators are not created here.",
  plan_not_found: "No plan has that name; `plans` lists those that exist.",
  unknown_model:
    "The model is not registered, has no price, or is retired; `models` lists those that can be called.",
  role_left_empty: "Then no model could be called for a role; `roles` lists those.",
  price_exists: "That model and tier has a price from that time already; a price is never edited.",
  call_not_found: "No call has that id.",
  call_not_unknown:
    "Only a call whose cost is unknown, or was estimated, can be settled; `callStatus` is what it is.",
  month_not_over: "Only a month that is over can be closed; `endsAt` is when it is.",
  job_not_cancellable: "Only a job that has not ended can be cancelled; `jobStatus` is what it is.",
  job_not_failed: "Only a failed job can be tried again; `jobStatus` is what it is.",
  job_not_completed: "Only a completed job has a result to give feedback on; `jobStatus` is what it is.",
  job_erased: "The job's fan was erased: nothing of it is left.",
  insight_not_found: "The creator has no insight of that id.",
  idempotency_key_reused: "The Idempotency-Key came with another request before.",
  idempotency_key_in_use: "A request with that Idempotency-Key is under way; repeat it in a second.",
  lane_full: "So many jobs of the creator wait already; try again after `Retry-After` seconds.",
  quota_exceeded:
    "What the creator has spent leaves no room for the job in their monthly quota, until `resetsAt`.",
  budget_exceeded:
    "What is spent leaves no room for the job in the budget of the key or of the platform (`budget`).",
  callback_not_allowed: "A callbackUrl must begin with the URL of a registered webhook endpoint.",
  endpoint_not_found: "No webhook endpoint has that id.",
  session_not_found: "No session that has not ended has that id.",
  delivery_not_found: "No delivery of a webhook has that id.",
  endpoint_changed: "Another request changed the webhook endpoint at the same time; read it anew.",
  endpoint_disabled: "The webhook endpoint is disabled: enable it first.",
  too_many_streams:
    "The key or token follows as many jobs at once as it may; end one, or try again after `Retry-After` seconds.",
  overloaded:
    "This process has more to do than it can: nothing was done. Try again after `Retry-After` seconds.",
  unavailable: "A service that this needs is away; try again after `Retry-After` seconds.",
  internal_error: "A fault of ours. The request id finds it in our logs.",
} as const;

export type ProblemCode = keyof typeof problemCodes;

/** What `GET /problems/{code}` says of a code. */
export const problemExplanation = z.object({
  code: z.string(),
  /** api: of a problem. job: of the `error` of a job. */
  where: z.enum(["api", "job"]),
  /** What has happened. */
  title: z.string(),
  /** What to do. */
  advice: z.string(),
  /** Whether the same, asked again later, may go well. */
  retryable: z.boolean(),
});

export type ProblemExplanation = z.infer<typeof problemExplanation>;

/** RFC 9457 problem details, with members of ours. `pointer` is a JSON pointer into the body (`#/message`). */
export const problem = z.looseObject({
  /** Where the code is explained: a path of this API. */
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  requestId: z.string(),
  retryable: z.boolean(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});

export type Problem = z.infer<typeof problem>;
