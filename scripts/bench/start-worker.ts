import { type ServiceProcess, spawnService, testSecretsKeys } from "@understudy/testkit";
import type { PrivateServices } from "./private-services.ts";

/** A worker as production runs it, which asks an emulator, and posts webhooks on this machine. Stopped by who starts it. */
export function startWorker(
  services: PrivateServices,
  emulatorUrl: string,
  environment: Record<string, string> = {},
): Promise<ServiceProcess> {
  return spawnService("worker", {
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    UNDERSTUDY_SECRETS_KEYS: testSecretsKeys,
    GEMINI_API_KEY: "emulator",
    GEMINI_BASE_URL: emulatorUrl,
    WEBHOOK_ALLOW_PRIVATE: "1",
    LOG_LEVEL: "error",
    ...environment,
  });
}
