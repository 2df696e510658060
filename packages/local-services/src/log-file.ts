import { closeSync, existsSync, openSync, readSync, renameSync, statSync } from "node:fs";

const BYTES_MAX = 20 * 1024 * 1024;

/** Opens a log for appending and gives its descriptor; one of over 20 MB is first put aside as `<path>.old`. */
export function openLog(path: string): number {
  if (existsSync(path) && statSync(path).size > BYTES_MAX) renameSync(path, `${path}.old`);
  return openSync(path, "a", 0o600);
}

/** What was written since `fromByte`, its last 16 kB at most. */
export function readLog(path: string, fromByte: number): string {
  const end = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const start = Math.max(fromByte, end - 16_384);
  if (end <= start) return "";
  const buffer = Buffer.alloc(end - start);
  const file = openSync(path, "r");
  try {
    return buffer.toString("utf8", 0, readSync(file, buffer, 0, buffer.length, start));
  } finally {
    closeSync(file);
  }
}
