export { createJobs, type JobRecord, type NewJob } from "./create-jobs.ts";
export {
  changedTerms,
  type Dispatched,
  dispatchAbsent,
  dispatchAgain,
  isFarAhead,
  jobsEndedInLane,
  jobsToDispatch,
  markDispatched,
  markLeftLane,
  queuedJobs,
  releasedJobs,
  suspects,
} from "./dispatch.ts";
export { failures, jobEnds, jobsByMinute, queuedBytes, waitingJobs } from "./job-figures.ts";
export { asItEnded, type EarlierEnd, type JobRow, presentJob, readJobs } from "./job-view.ts";
export { endLease, holdLease, type Lease, liveLeases } from "./leases.ts";
export {
  blameJobs,
  type Claim,
  type ClaimedJob,
  cancelJob,
  claimJobs,
  expireQueuedJobs,
  type FailedJobs,
  failUnknownAgents,
  type PutOff,
  putOffJob,
  retryJobs,
  type TakenOver,
  takeOverJobs,
  ways,
} from "./life.ts";
export { type JobFilter, type JobPlace, listJobs } from "./list-jobs.ts";
export {
  findRepeatedJobs,
  type IdempotencyKey,
  nameOfKey,
  noteAdmissions,
  type RepeatedJob,
} from "./repeated-jobs.ts";
export { changedStates, ownAttempts, stoppedAttempts } from "./watching.ts";
