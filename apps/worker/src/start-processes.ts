import { type Logger, type RunningService, startProcesses } from "@understudy/service";
import { SummedMetrics, serveMetrics } from "@understudy/telemetry";
import type { WorkerConfig } from "./config.ts";

/** How long each process may take to say that it is healthy. */
const askMs = 2_000;

/** Runs several workers, each a process with a lease of its own; metrics and health are those of all. */
export async function startWorkerProcesses(
  config: Pick<WorkerConfig, "processes" | "metrics">,
  logger: Logger,
): Promise<RunningService> {
  const processes = startProcesses(config.processes, logger);
  const isHealthy = async () => {
    const healthy = await processes.ask("healthy", askMs);
    return processes.areAllReady() && [...healthy.values()].every((each) => each === true);
  };
  const server =
    config.metrics && (await serveMetrics(new SummedMetrics(processes), config.metrics, isHealthy));
  return {
    get details() {
      return { ...processes.details, ...(server && { metricsUrl: server.url }) };
    },
    ready: processes.ready,
    async stop() {
      // Last, so that it is seen how they stop.
      await processes.stop().finally(() => server?.close());
    },
  };
}
