import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

const gibibyte = 2 ** 30;

/** Jobs at once unless an operator says how many: most of them wait for Gemini, and each takes memory meanwhile. */
export function concurrencyFor(heapBytes: number): number {
  return heapBytes >= gibibyte ? 500 : 100;
}

/**
 * Bytes that the heap of each process may have. Node gives each one as much as if it were alone: of several, which share
 * the container's memory or the machine's, each has its part of the half.
 */
export function heapBytesMax(processes: number): number {
  const limit = getHeapStatistics().heap_size_limit;
  const memory = Math.min(process.constrainedMemory() || totalmem(), totalmem());
  return processes === 1 ? limit : Math.min(limit, memory / 2 / processes);
}
