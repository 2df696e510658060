import { type Logger, type Processes, startProcesses } from "@understudy/service";
import { SummedMetrics } from "@understudy/telemetry";
import { askMs } from "./siblings.ts";

/** Runs the API in several processes, any of which answers for all: what is counted, and how they are. */
export function startApiProcesses(count: number, logger: Logger): Processes {
  const processes = startProcesses(count, logger);
  const metrics = new SummedMetrics(processes);
  processes.answer("metrics", () => metrics.text());
  processes.answer("alive", async () => {
    const alive = await processes.ask("alive", askMs.own);
    return processes.areAllReady() && [...alive.values()].every(Boolean);
  });
  processes.answer("readiness", async () => [...(await processes.ask("readiness", askMs.own)).values()]);
  return processes;
}
