import { createLogger, parseEnvironment, runService } from "@understudy/service";
import { environment } from "./config.ts";
import { startApi } from "./start-api.ts";

const stopSeconds = 15;

const config = parseEnvironment(environment, process.env);
const logger = createLogger("api", config.logLevel);

await runService(logger, stopSeconds, () => startApi(config, logger));
