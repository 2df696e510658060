import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CommandError } from "../client/command-error.ts";
import { isFaultName } from "./faults/faults.ts";
import { faultGroups } from "./options.ts";
import type { Schedule } from "./schedule.ts";

const scheduled = z.object({
  atMs: z.number().min(0),
  fault: z.string().refine(isFaultName, "is no fault"),
  parameters: z.record(z.string(), z.unknown()),
});

/** First line of a trace: what makes the same run again. */
const head = z.object({
  kind: z.literal("run"),
  seed: z.int(),
  minutes: z.number(),
  topology: z.string(),
  only: z.array(z.enum(faultGroups)),
  schedule: z.array(scheduled),
});

export type TraceHead = Omit<z.infer<typeof head>, "schedule" | "kind"> & { schedule: Schedule };

/** What happened in a run, one JSON object a line: first `run`, last `result`. */
export class Trace {
  readonly file: string;
  readonly #startedAt = performance.now();

  constructor(directory: string, run: TraceHead) {
    mkdirSync(directory, { recursive: true });
    this.file = join(directory, "trace.jsonl");
    writeFileSync(this.file, `${JSON.stringify({ kind: "run", ...run })}\n`);
  }

  note(kind: "begin" | "end" | "missed" | "left_out" | "violation" | "result", fields: object): void {
    const ms = Math.round(performance.now() - this.#startedAt);
    appendFileSync(this.file, `${JSON.stringify({ ms, kind, ...fields })}\n`);
  }
}

/** @throws CommandError where that is no trace of ours */
export function readTrace(file: string): TraceHead {
  let line: string;
  try {
    [line = ""] = readFileSync(file, "utf8").split("\n", 1);
  } catch {
    throw new CommandError(`There is no trace ${file}.`, 2);
  }
  try {
    const { kind: _, schedule, ...run } = head.parse(JSON.parse(line));
    return { ...run, schedule: schedule as Schedule };
  } catch {
    throw new CommandError(`${file} is no trace of npm run chaos.`, 2);
  }
}
