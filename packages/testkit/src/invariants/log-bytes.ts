/** What a process wrote to its log. */
export interface ProcessLog {
  name: string;
  /** Of each minute of its life. */
  bytesByMinute: readonly number[];
}

/**
 * Bytes of log that a process may write in a minute under any fault: 1 MiB. A fault that lasts has one line in ten seconds for each
 * cause, of 2 KiB with its stack: 300 causes at once would fill it.
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
