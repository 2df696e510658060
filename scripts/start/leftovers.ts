import { readFileSync } from "node:fs";
import { isRunning, type ProcessIdentity, waitUntil, writePrivateFile } from "@understudy/local-services";
import { z } from "zod";
import { places } from "./places.ts";

const schema = z.record(z.string(), z.object({ pid: z.number(), startedAt: z.string() }));

/** Keeps the processes that a launcher has started, so that the next one finds what a kill -9 left behind. */
export function recordProcess(name: string, identity: ProcessIdentity | undefined): void {
  const { [name]: _previous, ...others } = readProcesses();
  writePrivateFile(
    places.processes,
    JSON.stringify(identity ? { ...others, [name]: identity } : others, null, 2),
  );
}

/**
 * Waits until the processes of a launcher that was killed are gone, for they hold ports and work. They stop
 * by themselves; those that have not after `stopSecondsMax` are killed.
 */
export async function endLeftovers(stopSecondsMax: number, note: (line: string) => void): Promise<void> {
  const leftovers = Object.entries(readProcesses()).filter(([, identity]) => isRunning(identity));
  if (leftovers.length > 0) {
    const names = leftovers.map(([name, { pid }]) => `${name} (pid ${pid})`);
    note(`Left by an earlier run and finishing: ${names.join(", ")}`);
    await waitUntil(() => !leftovers.some(([, identity]) => isRunning(identity)), stopSecondsMax * 1000, 50);
  }
  for (const [, identity] of leftovers) if (isRunning(identity)) process.kill(identity.pid, "SIGKILL");
  writePrivateFile(places.processes, "{}");
}

function readProcesses(): z.infer<typeof schema> {
  try {
    return schema.parse(JSON.parse(readFileSync(places.processes, "utf8")));
  } catch {
    return {};
  }
}
