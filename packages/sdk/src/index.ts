export * from "./api/creator.ts";
export * from "./api/job.ts";
export * from "./api/money.ts";
export * from "./api/problem.ts";
export * from "./api/webhook.ts";
export * from "./errors.ts";
export * from "./generated/agents.ts";
export { type Page, Pages } from "./http/pages.ts";
export type { RequestOptions, UnderstudyOptions } from "./http/transport.ts";
export type { StreamOptions } from "./jobs/job-events.ts";
export { JobHandle, JobUnsuccessfulError } from "./jobs/job-handle.ts";
export { PendingJob } from "./jobs/pending-job.ts";
export type { SubmitOptions } from "./jobs/submit-options.ts";
export { type WaitOptions, WaitTimeoutError } from "./jobs/wait-for-end.ts";
export type { InsightsQuery } from "./resources/creators.ts";
export type { BatchJob, BatchOutcome, RetryFilter } from "./resources/jobs.ts";
export type { SessionState } from "./resources/session.ts";
export {
  type AgentJob,
  type BilledText,
  type NamedJob,
  type TextRequest,
  Understudy,
} from "./understudy.ts";
export type { HeaderSource, WebhookRequest } from "./webhooks/read-delivery.ts";
export { type WebhookVerificationCode, WebhookVerificationError } from "./webhooks/verification-error.ts";
export { type VerifiedEvent, type VerifyOptions, verifyWebhook } from "./webhooks/verify-webhook.ts";
