export { agentQueue, type JobPayload, jobPayload } from "./agent-queue.ts";
export { chargesQueue, openChargesQueue, scheduleCharges } from "./charges-queue.ts";
export { Dispatcher, laneEntry, readLaneEntry } from "./dispatcher.ts";
export { announceJobEnd, JobEndings } from "./job-endings.ts";
export type { Lanes, LaneTerms, Placement } from "./lanes/lanes.ts";
export { connectRedis, redisIncarnation } from "./redis.ts";
