import { createLogger, parseEnvironment, runService } from "@understudy/service";
import { environment } from "./config.ts";
import { startApi } from "./start-api.ts";

/** Longer than a stop takes by its own rules (13 s after the drain). */
const stopSeconds = 15;

const config = parseEnvironment(environment, process.env);
const logger = createLogger("api", config.logLevel);

await runService(logger, config.drainSeconds + stopSeconds, () => startApi(config, logger));
