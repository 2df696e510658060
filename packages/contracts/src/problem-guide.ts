import type { ProblemCode } from "./problem.ts";

/** What whoever meets a code can do about it. */
export interface Advice {
  advice: string;
  /** Whether the same, asked again later, may go well. */
  retryable: boolean;
}

const idAdvice =
  "Check the id, and that your API key may see its creator: what it may not see does not exist for it.";

/** What to do about each problem of the API; `problemCodes` tells what has happened. */
export const problemGuide: Record<ProblemCode, Advice> = {
  invalid_request: {
    advice: "Mend the fields that `errors` points to. /docs has each route's schema with an example.",
    retryable: false,
  },
  invalid_json: {
    advice: "Send one JSON object in UTF-8, of the length that Content-Length says.",
    retryable: false,
  },
  unsupported_media_type: { advice: "Send `Content-Type: application/json`.", retryable: false },
  body_too_large: {
    advice: "Send less: 1 MiB, or 8 MiB for a batch. Split a batch; shorten the history of a conversation.",
    retryable: false,
  },
  input_too_large: {
    advice: "Send less of what `errors` points to: 64 KiB of JSON in a field, 256 KiB in a job's input.",
    retryable: false,
  },
  unauthorized: { advice: "Send your API key as `Authorization: Bearer us_…`.", retryable: false },
  invalid_api_key: {
    advice:
      "Check for a cut or old key, and that it belongs to this deployment. An operator can make a new one.",
    retryable: false,
  },
  forbidden_scope: {
    advice: "Use a key that has the scope named in `scope`, or ask an operator for one.",
    retryable: false,
  },
  rate_limited: {
    advice:
      "Wait for `Retry-After` seconds; send many jobs as one batch. An operator can raise `API_KEY_RATE`.",
    retryable: true,
  },
  too_many_sign_ins: {
    advice:
      "Wait for `Retry-After` seconds. Behind a proxy, set `TRUST_PROXY`, so that addresses are told apart.",
    retryable: true,
  },
  foreign_page: {
    advice:
      "Use the pages of Understudy itself. A proxy in between must pass `Host`, `Origin` and `Sec-Fetch-Site` on.",
    retryable: false,
  },
  csrf_token_invalid: {
    advice: "Send the `csrfToken` of `GET /api/ai/session` as the header `x-csrf-token`, or sign in anew.",
    retryable: false,
  },
  api_key_not_found: { advice: "Check the id: `GET /api/ai/admin/keys` lists them.", retryable: false },
  api_key_changed: {
    advice: "Read the key anew, and decide whether to repeat the change.",
    retryable: false,
  },
  api_key_ended: { advice: "Make a new key.", retryable: false },
  not_found: { advice: "Check method and path against /docs.", retryable: false },
  agent_not_found: { advice: "Use one of the names in `agents`.", retryable: false },
  job_not_found: { advice: idAdvice, retryable: false },
  creator_not_found: {
    advice:
      "Create the creator first (`PUT /api/ai/creators/{id}`), or let an operator turn on CREATE_UNKNOWN_CREATORS.",
    retryable: false,
  },
  plan_not_found: { advice: "Use one of the names in `plans`, or create the plan first.", retryable: false },
  unknown_model: {
    advice:
      "Use one of the names in `models`, or register the model (`PUT /api/ai/admin/models/{provider}/{model}`) and add its price.",
    retryable: false,
  },
  role_left_empty: {
    advice:
      "Name a model for the role that is registered, priced and not retired; `GET /api/ai/admin/models` lists them.",
    retryable: false,
  },
  price_exists: { advice: "Add a price that is valid from a later time.", retryable: false },
  call_not_found: { advice: "Check the id: `GET /api/ai/admin/calls` lists them.", retryable: false },
  call_not_unknown: {
    advice: "Nothing: the call's cost is known, or will be when its answer has come.",
    retryable: false,
  },
  month_not_over: { advice: "Close it after `endsAt`; a scheduler does so by itself.", retryable: false },
  job_not_cancellable: { advice: "Nothing: the job has ended. Read it to see how.", retryable: false },
  job_not_failed: {
    advice:
      "Submit the work anew as another job: a completed one is done, a cancelled one was not wanted, and a blocked one would be refused again.",
    retryable: false,
  },
  job_not_completed: { advice: "Give feedback when the job is completed.", retryable: false },
  job_erased: { advice: "Nothing: erasing is final.", retryable: false },
  insight_not_found: {
    advice: "Check the id: `GET /api/ai/creators/{id}/insights` lists them.",
    retryable: false,
  },
  idempotency_key_reused: {
    advice: "Make a new key for each new request, and repeat a request unchanged under the key that it had.",
    retryable: false,
  },
  idempotency_key_in_use: {
    advice: "Repeat the request after `Retry-After` seconds: you get the job that the first one makes.",
    retryable: true,
  },
  lane_full: {
    advice: "Wait for `Retry-After` seconds, send fewer jobs of this creator, or raise their plan's rate.",
    retryable: true,
  },
  quota_exceeded: {
    advice: "Wait for `resetsAt`, or let an operator raise the creator's plan or quota.",
    retryable: false,
  },
  budget_exceeded: {
    advice: "Let an operator raise the budget; the platform's begins anew each UTC month, a key's does not.",
    retryable: false,
  },
  callback_not_allowed: {
    advice: "Register an endpoint whose URL the callbackUrl begins with (`POST /api/ai/webhooks`).",
    retryable: false,
  },
  endpoint_not_found: { advice: "Check the id: `GET /api/ai/webhooks` lists them.", retryable: false },
  session_not_found: { advice: "Check the id: `GET /api/ai/sessions` lists them.", retryable: false },
  delivery_not_found: {
    advice: "Check the id; deliveries are deleted some weeks after their event.",
    retryable: false,
  },
  endpoint_changed: {
    advice: "Read the endpoint anew, and decide whether to repeat the change.",
    retryable: false,
  },
  endpoint_disabled: {
    advice:
      "Mend the receiver, then enable the endpoint (`PATCH /api/ai/webhooks/{id}` with `enabled: true`).",
    retryable: false,
  },
  too_many_streams: {
    advice: "Close streams that nobody reads. Follow many jobs by webhook.",
    retryable: true,
  },
  overloaded: {
    advice: "Wait for `Retry-After` seconds. If it stays so, an operator should run more API processes.",
    retryable: true,
  },
  unavailable: {
    advice: "Repeat the request after `Retry-After` seconds, with the same Idempotency-Key.",
    retryable: true,
  },
  internal_error: {
    advice: "Repeat the request with the same Idempotency-Key. If it happens again, report the `requestId`.",
    retryable: true,
  },
};

/** Why a job failed or was blocked: the codes of its `error`. */
export const jobErrorGuide = {
  provider_unavailable: {
    title: "The model did not answer, in any of the attempts.",
    advice: "Retry the job later.",
    retryable: true,
  },
  timed_out: {
    title: "The model's answer did not come in time, in any of the attempts.",
    advice: "Retry the job later, or ask for less text.",
    retryable: true,
  },
  provider_refused: {
    title: "The model's API refused the request, for a reason that trying again does not mend.",
    advice:
      "Read the message: the API's own code stands in it; its words stand on the call (`providerMessage`). An operator may have to mend its key or settings.",
    retryable: false,
  },
  output_invalid: {
    title: "The model's answer does not fit the agent's schema, and neither does its one repair.",
    advice: "Retry the job: it is asked anew. Where that happens often, use a stronger model.",
    retryable: true,
  },
  quota_exceeded: {
    title: "What is spent leaves no room in the creator's monthly quota.",
    advice: "Wait for `resetsAt` or raise the quota, then retry the job.",
    retryable: true,
  },
  budget_exceeded: {
    title: "What is spent leaves no room in the budget of the key or of the platform.",
    advice: "Raise the budget, then retry the job.",
    retryable: true,
  },
  unknown_model: {
    title: "The model is not registered, has no price, or is retired.",
    advice:
      "Register it (`PUT /api/ai/admin/models/{provider}/{model}`) and add its price, then retry the job.",
    retryable: false,
  },
  model_unavailable: {
    title: "The provider does not have any model of the role (any more).",
    advice: "Set the role's models (`PUT /api/ai/admin/roles`), then retry the job.",
    retryable: true,
  },
  expired: {
    title: "The job had not started by its `expiresAt`.",
    advice: "Submit it anew if it is still wanted; a retry runs it whatever the time.",
    retryable: false,
  },
  worker_crashed: {
    title: "Two workers died while it ran, and then the process that it ran in alone.",
    advice: "Look into the worker's log before you retry it.",
    retryable: true,
  },
  not_storable: {
    title: "The database refused something that the job has to keep; its SQLSTATE stands in the message.",
    advice: "Retry the job: the model is asked anew. If that fails the same way, tell an operator.",
    retryable: true,
  },
  agent_error: {
    title: "A fault in the agent.",
    advice: "An operator finds it in the worker's log by the job's id. Retry the job when it is mended.",
    retryable: true,
  },
  agent_not_found: {
    title: "The agent is gone since the job was accepted.",
    advice: "Submit it anew to another agent.",
    retryable: false,
  },
  no_answer: {
    title: "The model ended without a word, or had written none when its tokens were used up.",
    advice: "Nothing by itself; another wording, or more room (`maxOutputTokens`), may be answered.",
    retryable: false,
  },
  safety: {
    title: "The model refused to answer; its reason stands in the message. The job is `blocked`.",
    advice: "Nothing: it would refuse again. The input is billed.",
    retryable: false,
  },
} as const satisfies Record<string, Advice & { title: string }>;
