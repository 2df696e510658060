import { type Execute, loadStatement } from "@understudy/database";
import { readChargeBases } from "../charges/charge-basis.ts";
import { computeCharge } from "../charges/compute-charge.ts";
import type { BooksAsked } from "./books.ts";

const offStatement = loadStatement(new URL("./charges-off.sql", import.meta.url));
const closedStatement = loadStatement(new URL("./closed-charges.sql", import.meta.url));

/** A closed charge that does not say what it is made of. */
export interface ChargeOff {
  creatorId: string;
  month: string;
  field: string;
  is: string;
  shouldBe: string;
}

/** The terms of a closed charge: a row of closed-charges.sql. */
interface ClosedCharge {
  creatorId: string;
  month: string;
  plan: string;
  planPriceUsd: string;
  usage: string;
}

const pageSize = 1_000;

/** Closed charges beside what they are made of: the month's calls, their own parts, and the terms at the month's end. */
export async function chargesOff(execute: Execute, asked: BooksAsked = {}): Promise<ChargeOff[]> {
  const off = await execute<ChargeOff>(offStatement, [asked]);
  let last: ClosedCharge | undefined;
  for (;;) {
    const after = { afterMonth: last?.month ?? "", afterCreatorId: last?.creatorId ?? "" };
    const page = await execute<ClosedCharge>(closedStatement, [{ ...asked, ...after, limit: pageSize }]);
    for (const month of new Set(page.map((charge) => charge.month))) {
      const charges = page.filter((charge) => charge.month === month);
      off.push(...(await termsOff(execute, month, charges)));
    }
    last = page.at(-1);
    if (page.length < pageSize || (asked.limit !== undefined && off.length >= asked.limit)) break;
  }
  return off.slice(0, asked.limit);
}

/** A charge has the plan, and its terms, of the end of its month. */
async function termsOff(
  execute: Execute,
  month: string,
  charges: readonly ClosedCharge[],
): Promise<ChargeOff[]> {
  const creatorIds = charges.map(({ creatorId }) => creatorId);
  const bases = await readChargeBases(execute, month, creatorIds);
  const drafts = new Map(bases.map((basis) => [basis.creatorId, computeCharge(basis)]));
  return charges.flatMap((charge) => {
    const draft = drafts.get(charge.creatorId);
    if (!draft) return [];
    const said = termsOf(charge);
    const inForce = termsOf(draft);
    if (said === inForce) return [];
    return [{ creatorId: charge.creatorId, month, field: "terms", is: said, shouldBe: inForce }];
  });
}

function termsOf({
  plan,
  planPriceUsd,
  usage,
}: Pick<ClosedCharge, "plan" | "planPriceUsd" | "usage">): string {
  return `${plan}, $${Number(planPriceUsd).toFixed(2)}, ${usage}`;
}
