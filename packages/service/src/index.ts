export { adminKey } from "./admin-key.ts";
export { namesUpstashRest, parseEnvironment, upstashAdvice } from "./environment.ts";
export { createLogger, type Logger } from "./logger.ts";
export { mayAllowPrivateWebhooks, privateWebhooksFault } from "./private-webhooks.ts";
export { type RunningService, runService } from "./run-service.ts";
export { newSecretsKeys, type SealedSecret, SecretBox, type SecretsKeys, secretsKeys } from "./secret-box.ts";
export { postgresUrl, redisUrl } from "./service-urls.ts";
