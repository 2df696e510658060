import { type Execute, loadStatement } from "@understudy/database";
import { explainCost } from "../cost.ts";
import { formatUsd, Money } from "../money.ts";
import { type Price, readPrices } from "../price-book.ts";
import { countsOf } from "../settlement.ts";
import { readUsage } from "../usage.ts";
import type { BooksAsked } from "./books.ts";

const callsStatement = loadStatement(new URL("./settled-calls.sql", import.meta.url));

/** A settled call that does not follow from its usage and its price. */
export interface CostOff {
  callId: string;
  field: "cost" | "tokens" | "price";
  is: string;
  shouldBe: string;
}

/** A row of settled-calls.sql. */
interface SettledRow {
  id: string;
  priceId: number;
  costUsd: string;
  holdUsd: string;
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  thoughtTokens: number;
  usageMetadata: unknown;
  estimated: boolean;
  errorCode: string | null;
  startedAt: Date;
  at: string;
  laterPriceId: number | null;
}

export interface CostsAsked extends BooksAsked {
  /** How many calls are worked out anew, the latest first. */
  calls: number;
  /** Told after each page how many that were so far. */
  onPage?: (calls: number) => void;
}

const pageSize = 5_000;

/** Works calls out anew from the usage and the price that are stored. */
export async function costsOff(
  execute: Execute,
  { calls, onPage = () => {}, ...asked }: CostsAsked,
): Promise<CostOff[]> {
  const prices = new Map((await readPrices(execute)).map((price) => [price.id, price]));
  const off: CostOff[] = [];
  let seen = 0;
  let last: SettledRow | undefined;
  for (;;) {
    const behind = last && { beforeAt: last.at, beforeId: last.id };
    const limit = Math.min(pageSize, calls - seen);
    const page = limit > 0 ? await execute<SettledRow>(callsStatement, [{ ...asked, ...behind, limit }]) : [];
    // A call without its price has no cost to follow; whoever asks for rows without what they name finds it.
    for (const call of page) off.push(...callOff(call, prices.get(call.priceId)));
    seen += page.length;
    onPage(seen);
    last = page.at(-1);
    if (page.length === 0 || (asked.limit !== undefined && off.length >= asked.limit)) break;
  }
  return off.slice(0, asked.limit);
}

function callOff(call: SettledRow, price: Price | undefined): CostOff[] {
  if (!price) return [];
  const { id: callId, laterPriceId } = call;
  const off: CostOff[] = [];
  if (price.validFrom > call.startedAt || laterPriceId !== null) {
    const shouldBe = laterPriceId === null ? "one that was in force" : `price ${laterPriceId}`;
    off.push({ callId, field: "price", is: `price ${price.id}`, shouldBe });
  }
  const tokens = readUsage(call.usageMetadata);
  if (!tokens) {
    // Postgres refused its words, so that its usage is not there; or none came, and it cost its upper bound.
    const isBound = call.estimated && new Money(call.costUsd).lte(call.holdUsd);
    if (call.errorCode !== "not_storable" && !isBound) {
      const shouldBe = `estimated, ${formatUsd(call.holdUsd)} at most`;
      off.push({ callId, field: "cost", is: formatUsd(call.costUsd), shouldBe });
    }
    return off;
  }
  const { totalUsd } = explainCost(price, tokens);
  if (!totalUsd.eq(call.costUsd))
    off.push({ callId, field: "cost", is: formatUsd(call.costUsd), shouldBe: formatUsd(totalUsd) });
  const [is, shouldBe] = [countsIn(call), countsIn(countsOf(tokens))];
  if (is !== shouldBe) off.push({ callId, field: "tokens", is, shouldBe });
  return off;
}

function countsIn(counts: ReturnType<typeof countsOf>): string {
  const { inputTokens, cachedTokens, outputTokens, thoughtTokens } = counts;
  return [inputTokens, cachedTokens, outputTokens, thoughtTokens].join(" ");
}
