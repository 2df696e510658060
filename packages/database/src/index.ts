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
export { createJobs, type JobRecord, type NewJob } from "./jobs/create-jobs.ts";
export {
  cancelQueuedJob,
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
export { applyMigrations } from "./migrations.ts";
export { newId } from "./new-id.ts";
export type { RoomFigures } from "./room-figures.ts";
export { loadStatement, type Statement } from "./statement.ts";
export { untilDatabaseAnswers } from "./until-database-answers.ts";
