import { type Charge, charge, chargesQuery, closeResult, month as monthSchema } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import { charges, closeMonth, formatUsd, sumUsd } from "@understudy/ledger";
import type { Logger } from "@understudy/service";
import { visibleTo } from "../http/caller.ts";
import { streamCsv } from "../http/csv.ts";
import { decodeIdCursor, encodeIdCursor } from "../http/cursor.ts";
import { defineRoute, type Route, sent } from "../http/define-route.ts";
import { listOf } from "../http/list-of.ts";
import { ProblemError, unavailable } from "../http/problem-error.ts";

/** What creators owe for a month, and the closing of a month. */
export function chargeRoutes(database: Database, stopping: AbortSignal, logger: Logger): Route[] {
  const list = defineRoute({
    method: "get",
    path: "/api/ai/admin/charges",
    id: "listCharges",
    tag: "Charges",
    scope: "costs:read",
    summary: "List what creators owe for a month",
    description:
      "The current UTC month by default. Charges of a month that is not closed are drafts. As CSV (`Accept: text/csv`) all pages come at once; the last line, `total`, is their sum to the last digit.",
    query: chargesQuery,
    answers: {
      200: {
        description: "A page of charges, in order of the creators' ids.",
        schema: listOf(charge),
        text: {
          "text/csv": `${csvColumns.join()}\npsy,2026-10,closed,pro,29,billed,12.345678,12.35,0,41.35,81000,9000\n`,
        },
      },
    },
    async handle({ query: { cursor, ...asked }, caller, request, response, reply }) {
      const after = cursor === undefined ? undefined : decodeIdCursor(cursor);
      const query = { ...asked, creatorIds: visibleTo(caller) };
      if (request.accepts(["application/json", "text/csv"]) === "text/csv") {
        const lines = chargeLines(database, { ...query, limit: csvPageSize }, after);
        await streamCsv(response, lines, csvColumns);
        return sent;
      }
      const { items, next } = await charges(database, query, after);
      const nextCursor = next === undefined ? {} : { nextCursor: encodeIdCursor(next) };
      return reply(200, { items, ...nextCursor });
    },
  });

  const close = defineRoute({
    method: "post",
    path: "/api/ai/admin/charges/{month}/close",
    id: "closeMonth",
    tag: "Charges",
    scope: "admin",
    summary: "Close a month",
    description:
      "Charges all creators whose calls of the month have ended. Can be repeated: nobody is charged twice.",
    params: { month: monthSchema },
    answers: { 200: { description: "What became of the creators.", schema: closeResult } },
    problems: { 409: ["month_not_over"] },
    async handle({ params: { month }, reply }) {
      const closing = await closeMonth(database, month, stopping).catch((error: unknown) => {
        throw stopping.aborted ? unavailable("This API is stopping: close the month again to go on.") : error;
      });
      if (closing.kind === "not_over") throw notOver(month, closing.endsAt);
      for (const creatorId of closing.inDoubt) {
        logger.error({ creatorId, month }, "not charged: the account and its calls differ");
      }
      return reply(200, closing.result);
    },
  });

  return [list, close];
}

function notOver(month: string, endsAt: Date): ProblemError {
  const from = endsAt.toISOString();
  return new ProblemError(409, "month_not_over", `${month} is not over: it can be closed from ${from} on.`, {
    members: { endsAt: from },
  });
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
