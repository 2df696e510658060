import type { Charge, CloseResult } from "@understudy/contracts";
import Table from "cli-table3";
import { Decimal } from "decimal.js";

/** No colours: the table may go to a file. */
const plain = { style: { head: [], border: [], compact: true } };

/** With the sums in the last line, to the last digit. */
export function chargesTable(charges: readonly Charge[]): string {
  const table = new Table({
    ...plain,
    head: ["creator", "status", "plan", "price", "usage", "cost", "rounded", "adjusted", "amount"],
    colAligns: ["left", "left", "left", "right", "left", "right", "right", "right", "right"],
  });
  for (const charge of charges) {
    table.push([
      charge.creatorId,
      charge.status,
      charge.plan,
      charge.planPriceUsd,
      charge.usage,
      charge.costUsd,
      charge.roundedUsd,
      adjustedUsd(charge),
      charge.amountUsd,
    ]);
  }
  table.push([
    "total",
    "",
    "",
    sum(charges, (charge) => charge.planPriceUsd),
    "",
    sum(charges, (charge) => charge.costUsd),
    sum(charges, (charge) => charge.roundedUsd),
    sum(charges, adjustedUsd),
    sum(charges, (charge) => charge.amountUsd),
  ]);
  return table.toString();
}

export function notYetTable({ notYet }: CloseResult): string {
  const table = new Table({ ...plain, head: ["not yet", "why"] });
  for (const { creatorId, reason } of notYet) table.push([creatorId, reason]);
  return table.toString();
}

function adjustedUsd({ adjustments }: Charge): string {
  return sum(adjustments, (adjustment) => adjustment.amountUsd);
}

function sum<Item>(items: readonly Item[], of: (item: Item) => string): string {
  // 20 digits, decimal.js' own precision, are too few for the costs of many creators.
  const Exact = Decimal.clone({ precision: 60 });
  return items.reduce<Decimal>((total, item) => total.plus(of(item)), new Exact(0)).toFixed();
}
