import type { ServiceProcess } from "./service-process.ts";

/** Ids of the processes in which an app runs, by their number from 1, as its log has them: those that became ready last. */
export function appProcesses(app: Pick<ServiceProcess, "output">): number[] {
  const pids: number[] = [];
  for (const line of app.output().split("\n")) {
    if (!line.includes('"msg":"ready"')) continue;
    const { process: number, pid } = JSON.parse(line) as { process?: number; pid: number };
    if (number !== undefined) pids[number - 1] = pid;
  }
  return pids;
}

/** Those of them that have not ended. */
export function livingOf(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  });
}
