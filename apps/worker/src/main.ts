import { createLogger, parseEnvironment, runService } from "@understudy/service";
import { environment } from "./config.ts";
import { startWorker } from "./start-worker.ts";

const config = parseEnvironment(environment, process.env);
const logger = createLogger("worker", config.logLevel);

await runService(logger, config.stopSeconds + 10, () => startWorker(config, logger));
