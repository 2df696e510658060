import { createLogger, parseEnvironment, runService } from "@understudy/service";
import { environment } from "./config.ts";
import { startApi } from "./start-api.ts";

/** Longer than what is under way may take (10 s), so that all else is closed in good order. */
const stopSeconds = 15;

const config = parseEnvironment(environment, process.env);
const logger = createLogger("api", config.logLevel);

await runService(logger, config.drainSeconds + stopSeconds, () => startApi(config, logger));
