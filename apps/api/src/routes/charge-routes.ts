import { type Charge, type CloseResult, chargesQuery, month as monthSchema } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { charges, closeMonth, formatUsd, sumUsd } from "@understudy/ledger";
import type { Logger } from "@understudy/service";
import { Router } from "express";
import { streamCsv } from "../http/csv.ts";
import { decodeIdCursor, encodeIdCursor } from "../http/cursor.ts";
import { parsePath, parseQuery } from "../http/parse.ts";
import { ProblemError, unavailable } from "../http/problem-error.ts";

/** What creators owe for a month, and the closing of a month. */
export function chargeRoutes(database: Database, stopping: AbortSignal, logger: Logger): Router {
  const router = Router();

  router.get("/admin/charges", async (request, response) => {
    const { cursor, ...query } = parseQuery(chargesQuery, request);
    const after = cursor === undefined ? undefined : decodeIdCursor(cursor);
    if (request.accepts(["application/json", "text/csv"]) === "text/csv") {
      const lines = chargeLines(database, { ...query, limit: csvPageSize }, after);
      await streamCsv(response, lines, csvColumns);
      return;
    }
    const { items, next } = await charges(database, query, after);
    response.json({ items, ...(next !== undefined && { nextCursor: encodeIdCursor(next) }) });
  });

  router.post("/admin/charges/:month/close", async (request, response) => {
    const month = parsePath(monthSchema, request.params.month, "month");
    const closing = await closeMonth(database, month, stopping).catch((error: unknown) => {
      throw stopping.aborted ? unavailable("This API is stopping: close the month again to go on.") : error;
    });
    if (closing.kind === "not_over") {
      throw new ProblemError(
        409,
        "month_not_over",
        `${month} is not over: it can be closed from ${closing.endsAt.toISOString()} on.`,
        { members: { endsAt: closing.endsAt.toISOString() } },
      );
    }
    for (const creatorId of closing.inDoubt) {
      logger.error({ creatorId, month }, "not charged: the account and its calls differ");
    }
    response.json(closing.result satisfies CloseResult);
  });

  return router;
}

const csvPageSize = 500;

const csvColumns = [
  "creatorId",
  "month",
  "status",
  "plan",
  "planPriceUsd",
  "usage",
  "costUsd",
  "roundedUsd",
  "adjustmentsUsd",
  "amountUsd",
  "tokensInput",
  "tokensOutput",
];

/** Columns that the last line sums. */
const sumColumns = ["planPriceUsd", "costUsd", "roundedUsd", "adjustmentsUsd", "amountUsd"] as const;

/** One line a creator, and a last one that is their sum to the last digit. */
async function* chargeLines(
  database: Database,
  query: Parameters<typeof charges>[1],
  after: string | undefined,
): AsyncGenerator<object> {
  const sums = Object.fromEntries(sumColumns.map((column) => [column, "0"]));
  let tokensInput = 0;
  let tokensOutput = 0;
  let month = query.month ?? "";
  for (let begin = after, more = true; more; ) {
    const { items, next } = await charges(database, query, begin);
    for (const line of items.map(csvLine)) {
      for (const column of sumColumns) sums[column] = formatUsd(sumUsd([sums[column] ?? 0, line[column]]));
      tokensInput += line.tokensInput;
      tokensOutput += line.tokensOutput;
      month = line.month;
      yield line;
    }
    begin = next;
    more = next !== undefined;
  }
  yield { creatorId: "total", month, ...sums, tokensInput, tokensOutput };
}

function csvLine({ byAgent: _byAgent, byFeature: _byFeature, adjustments, ...charge }: Charge) {
  const adjustmentsUsd = formatUsd(sumUsd(adjustments.map((adjustment) => adjustment.amountUsd)));
  return { ...charge, adjustmentsUsd };
}
