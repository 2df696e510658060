import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { stringify as stringifyStream } from "csv-stringify";
import { stringify } from "csv-stringify/sync";
import type { Response } from "express";

/** Answers with CSV. Cells that a spreadsheet would take for a formula are neutralised. */
export function sendCsv(response: Response, rows: readonly object[], columns: string[]): void {
  response.type("text/csv").send(stringify([...rows], { header: true, columns, escape_formulas: true }));
}

/**
 * The same for rows that come page by page: they are sent as fast as the client takes them.
 * @throws when a page can't be had or the client is gone; a text that was begun is cut off, which clients notice
 */
export async function streamCsv(
  response: Response,
  rows: AsyncIterable<object>,
  columns: string[],
): Promise<void> {
  const csv = stringifyStream({ header: true, columns, escape_formulas: true });
  await pipeline(Readable.from(rows), csv, response.type("text/csv"));
}
