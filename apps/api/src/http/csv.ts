import { stringify } from "csv-stringify/sync";
import type { Response } from "express";

/** Answers with CSV. Cells that a spreadsheet would take for a formula are neutralised. */
export function sendCsv(response: Response, rows: readonly object[], columns: string[]): void {
  response.type("text/csv").send(stringify([...rows], { header: true, columns, escape_formulas: true }));
}
