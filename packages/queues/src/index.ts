export { agentQueue, type JobPayload, jobPayload } from "./agent-queue.ts";
export { chargesQueue, hurryCharges, openChargesQueue, scheduleCharges } from "./charges-queue.ts";
export { type Backlog, Dispatcher, laneEntry, readLaneEntry } from "./dispatcher.ts";
export { announceJobCancelled, announceJobEnd, JobCancellations, JobEndings } from "./job-endings.ts";
export { JobNews, type StreamNews } from "./job-stream/job-news.ts";
export { JobReaders } from "./job-stream/job-readers.ts";
export type { JobStreamWriter, ShownStep } from "./job-stream/job-stream-writer.ts";
export {
  eraseJobStreams,
  fenceJobStream,
  type JobStreamEntry,
  JobStreams,
  streamStart,
} from "./job-stream/job-streams.ts";
export type { Lanes, LaneTerms, Placement } from "./lanes/lanes.ts";
export { connectRedis, evictionPolicy, redisIncarnation } from "./redis.ts";
