import { open } from "node:fs/promises";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { type Stringifier, stringify } from "csv-stringify";
import { CommandError, reasonOf } from "../client/command-error.ts";
import type { Outcome } from "./outcome.ts";
import type { Message } from "./read-messages.ts";

export const RESULT_COLUMNS = [
  "creator_id",
  "fan_id",
  "sent_at",
  "text",
  "job_id",
  "status",
  "response",
  "confidence",
  "allowed",
  "cost_usd",
  "latency_ms",
  "provider",
  "error_code",
] as const;

export type ResultRow = Record<(typeof RESULT_COLUMNS)[number], string>;

/**
 * How many rows may be between the first one without an outcome and the last one submitted: bounds the
 * memory (about 40 MB), whatever the length of the file.
 */
const WINDOW_ROWS = 20_000;

/**
 * Writes one line for each row of the file, in the file's order. An outcome that comes before those of
 * earlier rows is kept until they are there.
 */
export class ResultsFile {
  readonly #csv: Stringifier;
  readonly #written: Promise<void>;
  readonly #early = new Map<number, ResultRow>();
  readonly #windowRows: number;
  #next = 0;
  #roomWaiters: (() => void)[] = [];

  /** @throws CommandError when the file can't be written: before anything is submitted */
  static async create(path: string): Promise<ResultsFile> {
    const file = await open(path, "w").catch((thrown: unknown) => {
      throw unwritable(thrown);
    });
    return new ResultsFile(file.createWriteStream());
  }

  constructor(output: Writable, windowRows = WINDOW_ROWS) {
    this.#windowRows = windowRows;
    this.#csv = resultsCsv();
    this.#written = finished(this.#csv.pipe(output));
    // Looked at in close(); until then a full disk must not end the process, nor the reading of the CSV.
    this.#written.catch(() => this.#csv.resume());
  }

  /** Resolves when the row at this position may be submitted. */
  async room(position: number): Promise<void> {
    while (position - this.#next >= this.#windowRows) {
      await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
    }
  }

  put(message: Message, outcome: Outcome): void {
    this.#early.set(message.position, resultRow(message, outcome));
    for (let row = this.#early.get(this.#next); row; row = this.#early.get(this.#next)) {
      this.#csv.write(row);
      this.#early.delete(this.#next++);
    }
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const resolve of waiters) resolve();
  }

  /** Writes what is left, also behind a gap. @throws CommandError when the file can't be written */
  async close(): Promise<void> {
    for (const [, row] of [...this.#early].sort(([a], [b]) => a - b)) this.#csv.write(row);
    this.#csv.end();
    await this.#written.catch((thrown: unknown) => {
      throw unwritable(thrown);
    });
  }
}

function unwritable(thrown: unknown): CommandError {
  return new CommandError(`The replies can't be written: ${reasonOf(thrown)}`, 2);
}

/**
 * Cells that begin with = + - @, a tab or a carriage return get an apostrophe before them, or a
 * spreadsheet would run what a fan wrote as a formula (OWASP, "CSV injection").
 */
export function resultsCsv(): Stringifier {
  return stringify({ header: true, columns: [...RESULT_COLUMNS], escape_formulas: true });
}

export function resultRow(message: Message, outcome: Outcome): ResultRow {
  const given = {
    creator_id: message.creatorId,
    fan_id: message.fanId,
    sent_at: message.sentAt,
    text: message.text,
  };
  const none = {
    job_id: "",
    response: "",
    confidence: "",
    allowed: "",
    cost_usd: "",
    latency_ms: "",
    provider: "",
  };
  switch (outcome.kind) {
    case "skipped":
      return { ...given, ...none, status: "skipped", error_code: outcome.code };
    case "notAccepted":
      return { ...given, ...none, status: "not_accepted", error_code: outcome.code };
    case "unfinished":
      return { ...given, ...none, job_id: outcome.jobId, status: "unfinished", error_code: outcome.code };
    case "ended": {
      const { job } = outcome;
      return {
        ...given,
        job_id: job.id,
        status: job.status,
        ...repliedWith(job.result),
        cost_usd: job.usage.costUsd,
        latency_ms: String(latencyMs(job) ?? ""),
        provider: job.provider,
        error_code: job.error?.code ?? "",
      };
    }
  }
}

/** From acceptance to end by the server's clock: waiting and running together. */
export function latencyMs(job: { createdAt: string; finishedAt?: string | undefined }): number | undefined {
  return job.finishedAt === undefined ? undefined : Date.parse(job.finishedAt) - Date.parse(job.createdAt);
}

/** Members of an agent's result that one cell can hold; which of them there are is the agent's affair. */
interface ReplyMembers {
  response?: unknown;
  message?: unknown;
  text?: unknown;
  caption?: unknown;
  confidence?: unknown;
  allowed?: unknown;
  compliance?: unknown;
}

/** The reply in whichever member the agent puts it (api.md, "Results"). */
function repliedWith(result: unknown): { response: string; confidence: string; allowed: string } {
  const given: ReplyMembers = isObject(result) ? result : {};
  const compliance: ReplyMembers = isObject(given.compliance) ? given.compliance : given;
  const response = [given.response, given.message, given.text, given.caption].find(isText);
  return {
    response: response ?? "",
    confidence: cell(given.confidence),
    allowed: cell(compliance.allowed),
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function cell(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}
