import {
  closeSync,
  createReadStream,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { BillChange, BillEntry } from "./bill-entry.ts";
import { METHODS } from "./models.ts";

const entryLine = z.object({
  id: z.string(),
  callId: z.string().nullable(),
  at: z.string(),
  method: z.enum(METHODS).exclude(["countTokens"]),
  model: z.string(),
  // Bills of before have none.
  modelVersion: z.string().nullable().default(null),
  status: z.number(),
  serviceTier: z.string(),
  usageMetadata: z.record(z.string(), z.unknown()).nullable(),
  aborted: z.boolean(),
  cut: z.literal(true).optional(),
});
const changeLine = entryLine
  .pick({ id: true, usageMetadata: true, aborted: true, cut: true })
  .partial()
  .required({ id: true });

/**
 * The bill on disk: one JSON line for each entry, and one with the entry's id for each change of it.
 * A line is handed to the operating system before the answer is sent, so it survives a kill -9 of the
 * emulator (not a loss of power: nothing is fsynced). One emulator to a directory.
 */
export class BillFile {
  private readonly descriptor: number;

  private constructor(path: string) {
    this.descriptor = openSync(path, "a", 0o600);
  }

  /** Opens or creates `bill.jsonl` in `directory`. @returns the file and what it held */
  static async open(directory: string): Promise<{ file: BillFile; entries: BillEntry[] }> {
    mkdirSync(directory, { recursive: true });
    const path = join(directory, "bill.jsonl");
    const entries = existsSync(path) ? await readEntries(path) : [];
    return { file: new BillFile(path), entries };
  }

  append(line: BillEntry | BillChange): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(this.descriptor, bytes, written);
    }
  }

  clear(): void {
    ftruncateSync(this.descriptor);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** A last line without an end was cut by a kill before its answer was sent: it is taken off the file. */
async function readEntries(path: string): Promise<BillEntry[]> {
  const entries = new Map<string, BillEntry>();
  let completeBytes = 0;
  let endsInNewline = true;
  const stream = createReadStream(path);
  stream.on("data", (chunk) => {
    const bytes = Buffer.from(chunk);
    const lastNewline = bytes.lastIndexOf(0x0a);
    endsInNewline = lastNewline === bytes.length - 1;
    completeBytes = lastNewline < 0 ? completeBytes : stream.bytesRead - bytes.length + lastNewline + 1;
  });
  for await (const line of createInterface({ input: stream })) readLine(entries, line);
  if (!endsInNewline) truncateSync(path, completeBytes);
  return [...entries.values()];
}

function readLine(entries: Map<string, BillEntry>, line: string): void {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return;
  }
  const entry = entryLine.safeParse(json);
  if (entry.success) {
    entries.set(entry.data.id, entry.data);
    return;
  }
  const change = changeLine.safeParse(json);
  const known = change.success ? entries.get(change.data.id) : undefined;
  if (known && change.success) Object.assign(known, change.data);
}
