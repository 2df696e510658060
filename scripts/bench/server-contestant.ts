import type { BenchRun, Contestant } from "./bench-run.ts";
import { generateLoad, type LoadFigures } from "./load.ts";

interface Asked {
  name: string;
  url: string;
  requests: readonly Buffer[];
  /** The status of every answer. */
  status: number;
}

const connections = 64;

/** What a fresh server answers before anything counts: V8 compiles what is hot meanwhile. */
const warmUpRequests = 5_000;

/** Turns of each: many short ones, since what else a shared machine does comes and goes. */
export const rounds = 5;

/** A server whose requests are counted while 64 connections ask one after another; warm already. */
export async function serverContestant(
  { seconds, signal }: BenchRun,
  { name, ...asked }: Asked,
): Promise<Contestant<LoadFigures>> {
  const load = { ...asked, connections, signal };
  await generateLoad({ ...load, until: { requests: warmUpRequests } });
  return {
    name,
    measure: () => generateLoad({ ...load, until: { seconds } }),
    show: ({ perSecond, p50Ms, p99Ms }) =>
      `${Math.round(perSecond)} requests/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`,
  };
}
