import type { CallExplanation, ExplanationLine, Quote, QuoteRequest } from "@understudy/contracts";
import type { Database } from "@understudy/database";
import type { Decimal } from "decimal.js";
import type { CallRow } from "./calls-list.ts";
import { explainCost, longContextRates } from "./cost.ts";
import { formatUsd } from "./money.ts";
import { type Price, type PriceBook, readPrice } from "./price-book.ts";
import { readUsage, type TokenCounts } from "./usage.ts";
import type { VisibleCreators } from "./visible-creators.ts";

/** What came of the wish for a quote. */
export type QuoteOutcome =
  | { kind: "quoted"; quote: Quote }
  /** Nothing is priced as free: `field` is what no price fits. */
  | { kind: "unknown_model"; field: "model" | "serviceTier" | "at"; models: string[] }
  /** The usage does not say how long the prompt is. */
  | { kind: "no_usage" };

/** What a call with that usage costs that begins at `at`, or `now`. */
export async function quoteUsage(book: PriceBook, request: QuoteRequest, now: Date): Promise<QuoteOutcome> {
  const { model, serviceTier, at = now } = request;
  const price = await book.priceOf(model, serviceTier, at);
  if (!price) {
    const known = await book.pricesOf(model);
    const ofTier = known.some((row) => row.serviceTier === serviceTier);
    const field = known.length === 0 ? "model" : ofTier ? "at" : "serviceTier";
    return { kind: "unknown_model", field, models: await book.models() };
  }
  const tokens = readUsage(request.usageMetadata);
  if (!tokens) return { kind: "no_usage" };
  const { lines, totalUsd } = linesOf(price, tokens);
  return {
    kind: "quoted",
    quote: {
      lines,
      totalUsd: formatUsd(totalUsd),
      estimated: tokens.estimated,
      model: price.model,
      serviceTier: price.serviceTier,
      validFrom: price.validFrom.toISOString(),
    },
  };
}

/** Why a call costs what it costs, worked out anew from what Gemini sent; undefined where there is no such call. */
export async function explainCall(
  database: Database,
  id: string,
  { creatorIds }: VisibleCreators = {},
): Promise<CallExplanation | undefined> {
  const row = await database.prisma.usageLog.findUnique({
    where: { id, ...(creatorIds && { creatorId: { in: [...creatorIds] } }) },
    include: { price: true },
  });
  if (!row) return undefined;
  return {
    callId: row.id,
    status: row.status,
    model: row.model,
    serviceTier: row.serviceTier,
    ...reasonsOf(row, readPrice(row.price)),
    totalUsd: formatUsd(row.costUsd ?? "0"),
    unknownUsd: row.status === "unknown" ? formatUsd(row.holdUsd) : "0",
    estimated: row.estimated,
  };
}

/** The lines add up to the call's cost, whatever became of it. */
function reasonsOf(row: CallRow, price: Price): { lines: ExplanationLine[]; note?: string } {
  switch (row.status) {
    case "started":
      return { lines: [], note: "The call is under way." };
    case "unknown":
      return {
        lines: [],
        note:
          row.errorCode === "cancelled"
            ? "Its job was cancelled in the middle of it: nobody knows what it cost, at most unknownUsd."
            : "The answer was lost: nobody knows what it cost, at most unknownUsd.",
      };
    case "released":
      return {
        lines: [],
        note: row.byOperator
          ? "The answer was lost, and an operator has written its cost off."
          : `Refused (${row.errorCode ?? row.httpStatus}): it cost nothing.`,
      };
    case "settled":
      return { lines: linesOfSettled(row, price) };
  }
}

function linesOfSettled(row: CallRow, price: Price): ExplanationLine[] {
  const usd = formatUsd(row.costUsd ?? "0");
  const asSaid = (what: string, source: string): ExplanationLine[] => [
    { what, tokens: null, usdPerMillion: null, usd, source },
  ];
  if (row.byOperator)
    return asSaid(
      row.estimated ? "as an operator said: it was an estimate" : "as an operator said: the answer was lost",
      "operator",
    );
  const tokens = readUsage(row.usageMetadata);
  if (!tokens)
    return asSaid("upper bound: no usage came", `the call's hold, at the price of ${price.source}`);
  const { lines, totalUsd } = linesOf(price, tokens);
  if (totalUsd.eq(usd)) return lines;
  // Settled by other rules than today's, which can't change what it cost.
  return asSaid(`as settled then; today's rules make it ${formatUsd(totalUsd)}`, price.source);
}

function linesOf(price: Price, tokens: TokenCounts): { lines: ExplanationLine[]; totalUsd: Decimal } {
  const { lines, totalUsd } = explainCost(price, tokens);
  const long = longContextRates(price, tokens.prompt);
  const told = lines.map(({ what, tokens: count, usdPerMillion, usd }) => ({
    what: [
      what,
      ...(what === "output" && tokens.thoughtsInside ? ["without the thoughts that were counted in it"] : []),
      ...(long ? [`long context: prompt of more than ${long.above} tokens`] : []),
    ].join(", "),
    tokens: count,
    usdPerMillion: formatUsd(usdPerMillion),
    usd: formatUsd(usd),
    source: price.source,
  }));
  return { lines: told, totalUsd };
}
