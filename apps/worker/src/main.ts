import { createLogger, parentProcess, parseEnvironment, readFlags, runService } from "@understudy/service";
import { environment } from "./config.ts";
import { startWorkerProcesses } from "./start-processes.ts";
import { suspectsArgument } from "./suspects/suspects-argument.ts";

/** Longer than jobs take to be given back; and how much longer the parent of several processes waits. */
const stopSeconds = { own: 10, parent: 2 };

const isForSuspects = process.argv[2] === suspectsArgument;
const flags = isForSuspects ? {} : readFlags("worker", process.argv);
const config = parseEnvironment(environment, { ...process.env, ...flags });
const parent = parentProcess(process.env);
const logger = createLogger(isForSuspects ? "worker-suspects" : "worker", config.logLevel, parent?.number);
const deadlineSeconds = config.stopSeconds + stopSeconds.own;

if (config.processes > 1 && !parent && !isForSuspects) {
  await runService(logger, deadlineSeconds + stopSeconds.parent, () => startWorkerProcesses(config, logger));
} else if (isForSuspects) {
  const { startSuspects } = await import("./suspects/start-suspects.ts");
  // Whose launcher is gone stops.
  const start = () => startSuspects(config, logger, () => process.disconnect?.());
  await runService(logger, deadlineSeconds, start, { diesOfFaults: true });
} else {
  // Not by the parent of several, which needs none of it.
  const { startWorker } = await import("./start-worker.ts");
  await runService(logger, deadlineSeconds, () => startWorker(config, logger, parent), {
    diesOfFaults: true,
  });
}
