import { createReadStream } from "node:fs";
import { creatorId, fanId } from "@understudy/contracts";
import { CsvError, type InfoRecord, parse } from "csv-parse";
import { CommandError, reasonOf } from "../client/command-error.ts";

/** One row of the file. */
export interface Message {
  /** Position among the rows, from 0. */
  position: number;
  /** Line of the file on which the row begins, from 1. */
  line: number;
  creatorId: string;
  fanId: string;
  sentAt: string;
  text: string;
  /** Why the API would refuse it: such a row is not submitted. */
  fault?: RowFault;
}

export type RowFault = "invalid_creator_id" | "invalid_fan_id" | "empty_text";

const REQUIRED_COLUMNS = ["creator_id", "fan_id", "text"];

/**
 * Streams the rows of a CSV of fan messages (RFC 4180, a byte order mark and CRLF allowed, columns in any
 * order). Memory does not grow with the file.
 * @throws CommandError (exit code 2) file missing, columns missing, a quote that never closes
 */
export async function* readMessages(file: string, limit = Number.POSITIVE_INFINITY): AsyncGenerator<Message> {
  const parser = parse({
    bom: true,
    columns: (names: string[]) => checkedColumns(file, names),
    info: true,
    raw: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
  });
  const source = createReadStream(file);
  // pipe() does not pass on the source's errors: a file that is missing would look empty for ever.
  source.on("error", (error) => parser.destroy(error));
  const firstLineOf = lineCounter();
  let position = 0;
  try {
    for await (const row of source.pipe(parser) as AsyncIterable<ParsedRow>) {
      if (position >= limit) return;
      yield messageOf(row.record, firstLineOf(row), position++);
    }
  } catch (thrown) {
    throw asCommandError(file, thrown);
  } finally {
    source.destroy();
    parser.destroy();
  }
}

interface ParsedRow {
  record: { creator_id?: string; fan_id?: string; sent_at?: string; text?: string };
  raw: string;
  info: InfoRecord;
}

function checkedColumns(file: string, names: string[]): string[] {
  const columns = names.map((name) => name.trim().toLowerCase());
  const missing = REQUIRED_COLUMNS.filter((name) => !columns.includes(name));
  if (missing.length > 0) {
    throw new CommandError(
      `${file} lacks ${missing.length === 1 ? "the column" : "the columns"} ${missing.join(", ")}. Its columns are: ${columns.join(", ")}.`,
      2,
    );
  }
  return columns;
}

function messageOf(record: ParsedRow["record"], line: number, position: number): Message {
  const message: Message = {
    position,
    line,
    creatorId: record.creator_id ?? "",
    fanId: record.fan_id ?? "",
    sentAt: record.sent_at ?? "",
    text: record.text ?? "",
  };
  const fault = faultOf(message);
  return fault ? { ...message, fault } : message;
}

function faultOf(message: Message): RowFault | undefined {
  if (!creatorId.safeParse(message.creatorId).success) return "invalid_creator_id";
  if (!fanId.safeParse(message.fanId).success) return "invalid_fan_id";
  return message.text.trim() === "" ? "empty_text" : undefined;
}

/**
 * Tells on which line a row begins. The parser counts to a row's end, and counts a CRLF within quotes twice;
 * `raw` may hold line ends of the row's neighbours.
 */
function lineCounter(): (row: ParsedRow) => number {
  let countedTwice = 0;
  return ({ raw, info }) => {
    const row = raw.replace(/^[\r\n]+|[\r\n]+$/g, "");
    countedTwice += occurrences("\r", row);
    return info.lines - countedTwice - occurrences("\n", row);
  };
}

function occurrences(character: string, text: string): number {
  return text.split(character).length - 1;
}

function asCommandError(file: string, thrown: unknown): unknown {
  if (thrown instanceof CommandError) return thrown;
  if (thrown instanceof CsvError) return new CommandError(`${file} is no CSV: ${thrown.message}`, 2);
  const code = (thrown as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return new CommandError(`There is no file ${file}.`, 2);
  if (code === "EISDIR") return new CommandError(`${file} is a folder, not a CSV file.`, 2);
  return code ? new CommandError(`${file} can't be read: ${reasonOf(thrown)}`, 2) : thrown;
}

/** What a first reading of the whole file tells. */
export interface Survey {
  rows: number;
  valid: number;
  creatorIds: string[];
}

/** Reads the file through once: the progress bar needs to know how much there is, the creators their plan. */
export async function surveyMessages(file: string, limit?: number): Promise<Survey> {
  const creatorIds = new Set<string>();
  let rows = 0;
  let valid = 0;
  for await (const message of readMessages(file, limit)) {
    rows += 1;
    if (message.fault) continue;
    valid += 1;
    creatorIds.add(message.creatorId);
  }
  return { rows, valid, creatorIds: [...creatorIds] };
}
