export { type Database, type Execute, openDatabase } from "./database.ts";
export { isDatabaseAway } from "./errors.ts";
export { Prisma } from "./generated/client.ts";
export { groupCommit } from "./group-commit.ts";
export {
  type ClaimedJob,
  claimJobs,
  finishJobs,
  type JobEnd,
  requeueJob,
  takeBackCrash,
} from "./jobs/attempts.ts";
export { changedStates } from "./jobs/changed-states.ts";
export { createJobs, type JobRecord, type NewJob } from "./jobs/create-jobs.ts";
export {
  cancelJob,
  cancelledJobs,
  changedTerms,
  expireQueuedJobs,
  jobsEndedInLane,
  jobsLeftBehind,
  jobsToDispatch,
  markDispatched,
  markLeftLane,
  queuedJobs,
  releasedJobs,
  retriesLeftBehind,
} from "./jobs/dispatch.ts";
export { failures, jobEnds, jobsByMinute, waitingJobs } from "./jobs/job-figures.ts";
export { type JobFilter, type JobPlace, listJobs } from "./jobs/list-jobs.ts";
export {
  findRepeatedJobs,
  type IdempotencyKey,
  nameOfKey,
  noteAdmissions,
  type RepeatedJob,
} from "./jobs/repeated-jobs.ts";
export { type FailedJobs, retryJobs } from "./jobs/retry-jobs.ts";
export {
  type ConversationBefore,
  type ConversationReader,
  conversationsBefore,
  type Exchange,
  rememberFan,
} from "./knowledge/conversations.ts";
export { type CancelledJob, eraseFan, type FanJob } from "./knowledge/erase-fan.ts";
export { recordFeedback } from "./knowledge/feedback.ts";
export {
  confidenceAt,
  findInsights,
  type InsightReader,
  insightsAgain,
  type StoredInsight,
} from "./knowledge/insights.ts";
export { findPersonalData, plainText } from "./knowledge/personal-data.ts";
export { type FinishedStep, rememberSteps, type SharedInsight } from "./knowledge/steps.ts";
export { applyMigrations, listPendingMigrations } from "./migrations.ts";
export { newId } from "./new-id.ts";
export { deleteOld } from "./retention/delete-old.ts";
export type { RoomFigures } from "./room-figures.ts";
export { loadStatement, type Statement } from "./statement.ts";
export { untilDatabaseAnswers } from "./until-database-answers.ts";
export { endpointsOfCreators } from "./webhooks/endpoints-of-creators.ts";
export {
  giveUpDeliveries,
  publishEvents,
  type ReleasedDelivery,
  releaseDeliveries,
  takeBackReleased,
} from "./webhooks/publishing.ts";
export { replayDelivery, replaySince, sendTestEvent } from "./webhooks/replay.ts";
export { type DeliveryToTry, deliveriesToTry, recordTries, type TryRecord } from "./webhooks/tries.ts";
