import type { Adjustment, Charge, ChargeShare } from "@understudy/contracts";
import type { Decimal } from "decimal.js";
import { formatUsd, Money, sumUsd } from "../money.ts";

/** What a charge is made of: a row of charge-basis.sql. Amounts are decimal strings in USD. */
export interface ChargeBasis {
  creatorId: string;
  month: string;
  /** The terms in force at the end of the month. */
  plan: string;
  planPriceUsd: string;
  usage: Charge["usage"];
  /** The account's. */
  spentUsd: string;
  /** The month's calls, summed from another book than the account. */
  shares: (ChargeShare & { agentId: string; feature: string })[];
  /** Earlier months that billed usage and whose account has changed since they were charged. */
  lateMonths: LateMonth[];
}

export interface LateMonth {
  month: string;
  /** The account's, now. */
  spentUsd: string;
  /** What its charge billed. */
  roundedUsd: string;
  /** What charges since have added. */
  adjustedUsd: string;
}

/** Whether both books of the month say the same. Where they differ nobody may be charged. */
export function booksAgree({ spentUsd, shares }: ChargeBasis): boolean {
  return sumUsd(shares.map((share) => share.costUsd)).eq(spentUsd);
}

/** The charge of a month as a draft. Pure: the same basis gives the same charge. */
export function computeCharge(basis: ChargeBasis): Charge {
  const costUsd = sumUsd(basis.shares.map((share) => share.costUsd));
  const roundedUsd = toCents(costUsd);
  // What is owed is money of the world: a price of parts of a cent is rounded like a cost.
  const planPriceUsd = toCents(new Money(basis.planPriceUsd));
  const adjustments = basis.lateMonths.flatMap(adjustmentOf);
  const amountUsd = sumUsd([
    planPriceUsd,
    ...(basis.usage === "billed" ? [roundedUsd] : []),
    ...adjustments.map((adjustment) => adjustment.amountUsd),
  ]);
  return {
    creatorId: basis.creatorId,
    month: basis.month,
    status: "draft",
    plan: basis.plan,
    planPriceUsd: formatUsd(planPriceUsd),
    usage: basis.usage,
    costUsd: formatUsd(costUsd),
    roundedUsd: formatUsd(roundedUsd),
    adjustments,
    amountUsd: formatUsd(amountUsd),
    tokensInput: sum(basis.shares, (share) => share.inputTokens),
    tokensOutput: sum(basis.shares, (share) => share.outputTokens + share.thoughtTokens),
    byAgent: sharesBy(basis.shares, (share) => share.agentId),
    byFeature: sharesBy(basis.shares, (share) => share.feature),
  };
}

/**
 * What an earlier month still owes: all that it should have billed, rounded once, without what was billed. Parts
 * of a cent add up over months until they make one. Never below zero: a settled call keeps its cost.
 */
function adjustmentOf({ month, spentUsd, roundedUsd, adjustedUsd }: LateMonth): Adjustment[] {
  const owed = toCents(new Money(spentUsd)).minus(roundedUsd).minus(adjustedUsd);
  if (owed.isZero()) return [];
  return [
    { amountUsd: formatUsd(owed), reason: `usage settled after ${month} was closed`, originMonth: month },
  ];
}

/** Half up. */
function toCents(amount: Decimal): Decimal {
  return amount.toDecimalPlaces(2, Money.ROUND_HALF_UP);
}

/** Keys are other people's words (`__proto__` may be one), so they are no assignments. */
function sharesBy(
  shares: ChargeBasis["shares"],
  keyOf: (share: ChargeBasis["shares"][number]) => string,
): Record<string, ChargeShare> {
  const groups = new Map<string, ChargeBasis["shares"]>();
  for (const share of shares) {
    const group = groups.get(keyOf(share));
    if (group) group.push(share);
    else groups.set(keyOf(share), [share]);
  }
  return Object.fromEntries(
    [...groups].map(([key, group]) => [
      key,
      {
        calls: sum(group, (share) => share.calls),
        inputTokens: sum(group, (share) => share.inputTokens),
        cachedTokens: sum(group, (share) => share.cachedTokens),
        outputTokens: sum(group, (share) => share.outputTokens),
        thoughtTokens: sum(group, (share) => share.thoughtTokens),
        costUsd: formatUsd(sumUsd(group.map((share) => share.costUsd))),
      },
    ]),
  );
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
