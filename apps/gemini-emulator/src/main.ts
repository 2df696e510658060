import { createLogger, runService } from "@understudy/service";
import { type Config, readConfig } from "./config.ts";
import { startEmulator } from "./start-emulator.ts";

/** Hanging requests are cut off after a second, so nothing takes long. */
const STOP_DEADLINE_SECONDS = 5;

let config: Config;
try {
  config = readConfig(process.env);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

const { logLevel, ...options } = config;
const logger = createLogger("gemini-emulator", logLevel);
await runService(logger, STOP_DEADLINE_SECONDS, async () => {
  const onError = (err: unknown) => logger.error({ err }, "request failed");
  const emulator = await startEmulator({ ...options, onError });
  return { details: { port: emulator.port, url: emulator.url }, stop: emulator.stop };
});
