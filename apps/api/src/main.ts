import { createLogger, parentProcess, parseEnvironment, readFlags, runService } from "@understudy/service";
import { environment } from "./config.ts";
import { startApiProcesses } from "./start-processes.ts";

/** Longer than a stop takes by its own rules (13 s after the drain); and how much longer its parent waits. */
const stopSeconds = { own: 15, parent: 2 };

const config = parseEnvironment(environment, { ...process.env, ...readFlags("api", process.argv) });
const parent = parentProcess(process.env);
const logger = createLogger("api", config.logLevel, parent?.number);
const deadlineSeconds = config.drainSeconds + stopSeconds.own;

if (config.processes > 1 && !parent) {
  await runService(logger, deadlineSeconds + stopSeconds.parent, async () =>
    startApiProcesses(config.processes, logger),
  );
} else {
  // Not by the parent of several, which needs none of it.
  const { startApi } = await import("./start-api.ts");
  await runService(logger, deadlineSeconds, () => startApi(config, logger, parent));
}
