/** What a process wrote to its log. */
export interface ProcessLog {
  name: string;
  /** Of each minute of its life. */
  bytesByMinute: readonly number[];
}

/**
 * Bytes of log that a process may write in a minute under any fault: 1 MiB. A line about a fault (`err`)
 * stands there once in ten seconds for each cause: a worker with 50 slots wrote 180 KiB a minute without
 * Postgres, and 35 KiB without Redis.
 */
export const logBytesMax = 1024 * 1024;

/** J: no process floods its log. */
export function logBytesViolations(processes: readonly ProcessLog[], max = logBytesMax): string[] {
  return processes.flatMap(({ name, bytesByMinute }) =>
    bytesByMinute.flatMap((bytes, minute) =>
      bytes > max ? [`J: ${name} wrote ${bytes} bytes of log in its minute ${minute + 1}, above ${max}`] : [],
    ),
  );
}
