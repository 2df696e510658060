import { createLogger, parseEnvironment, runService } from "@understudy/service";
import { environment } from "./config.ts";
import { startWorker } from "./start-worker.ts";
import { startSuspects } from "./suspects/start-suspects.ts";
import { suspectsArgument } from "./suspects/suspect-runner.ts";

const config = parseEnvironment(environment, process.env);
const isForSuspects = process.argv[2] === suspectsArgument;
const logger = createLogger(isForSuspects ? "worker-suspects" : "worker", config.logLevel);

const start = () =>
  isForSuspects
    ? // Whose launcher is gone stops.
      startSuspects(config, logger, () => process.disconnect?.())
    : startWorker(config, logger);

await runService(logger, config.stopSeconds + 10, start, { diesOfFaults: true });
