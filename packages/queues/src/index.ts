export { agentQueue, type JobPayload, jobPayload } from "./agent-queue.ts";
export { chargesQueue, openChargesQueue, scheduleCharges } from "./charges-queue.ts";
export { Dispatcher } from "./dispatcher.ts";
export { announceJobEnd, JobEndings } from "./job-endings.ts";
export { connectRedis, redisIncarnation } from "./redis.ts";
