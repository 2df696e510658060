export { adminKey } from "./admin-key.ts";
export { namesUpstashRest, parseEnvironment, upstashAdvice } from "./environment.ts";
export { createLogger, type Logger } from "./logger.ts";
export { isLoopback, isLoopbackHost } from "./loopback.ts";
export { type ParentProcess, parentProcess } from "./processes/parent-process.ts";
export { processCount, readFlags } from "./processes/process-flags.ts";
export { type Processes, startProcesses } from "./processes/start-processes.ts";
export { type RunningService, runService } from "./run-service.ts";
export { newSecretsKeys, type SealedSecret, SecretBox, type SecretsKeys, secretsKeys } from "./secret-box.ts";
export { ServerConnections } from "./server-connections.ts";
export { postgresUrl, redisUrl } from "./service-urls.ts";
export {
  isGooglesOwn,
  mayAllowPrivateWebhooks,
  privateWebhooksFault,
  providerExpectedAt,
} from "./tried-out.ts";
