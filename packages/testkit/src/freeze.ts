import { signalProcess } from "@understudy/local-services";

/** Stops processes where they stand (SIGSTOP). @returns lets them go on */
export function freeze(pids: readonly number[]): () => void {
  for (const pid of pids) signalProcess(pid, "SIGSTOP");
  return () => {
    for (const pid of pids) signalProcess(pid, "SIGCONT");
  };
}
