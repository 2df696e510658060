import { Money } from "./money.ts";

/** How much room there is for a job or a call, in USD as Postgres gives it; a bound that is null does not apply. */
export interface RoomFigures {
  plan: string;
  requiredUsd: string;
  /** When the creator's quota and the platform's budget begin anew. */
  resetsAt: Date;
  quotaUsd: string | null;
  spentUsd: string;
  heldUsd: string;
  unknownUsd: string;
  keyBudgetUsd: string | null;
  keySpentUsd: string | null;
  keyHeldUsd: string | null;
  keyUnknownUsd: string | null;
  platformQuotaUsd: string | null;
  platformSpentUsd: string;
  platformHeldUsd: string;
  platformUnknownUsd: string;
}

/** What became of the wish to make a call. Only `open` may be followed by a request. */
export type CallOpening =
  /** Written down then, by the database's clock. */
  | { kind: "open"; startedAt: Date }
  /** Another attempt has the job now. */
  | { kind: "fenced" }
  | WaitForRoom
  | NoRoom;

/** Only others' holds, or the switch that stops all spending, keep the call out: there may be room later. */
export interface WaitForRoom {
  kind: "wait";
  waitingFor: "quota" | "paused";
  requiredUsd: string;
}

/** What is spent leaves no room. Amounts in USD. */
export interface NoRoom {
  kind: "no_room";
  /** Which of the bounds: the creator's quota, the key's or the platform's budget. */
  bound: "quota" | "key" | "platform";
  plan: string;
  /** The quota, or the budget. */
  limitUsd: string;
  spentUsd: string;
  heldUsd: string;
  unknownUsd: string;
  requiredUsd: string;
  /** Null where it never does: a key's budget is for its whole life. */
  resetsAt: Date | null;
}

/** The first bound in which what is spent, or may have been, leaves no room; undefined where all have some. */
export function findNoRoom(figures: RoomFigures): NoRoom | undefined {
  const bounds = [
    {
      bound: "quota",
      limitUsd: figures.quotaUsd,
      spentUsd: figures.spentUsd,
      heldUsd: figures.heldUsd,
      unknownUsd: figures.unknownUsd,
      resetsAt: figures.resetsAt,
    },
    {
      bound: "key",
      limitUsd: figures.keyBudgetUsd,
      spentUsd: figures.keySpentUsd ?? "0",
      heldUsd: figures.keyHeldUsd ?? "0",
      unknownUsd: figures.keyUnknownUsd ?? "0",
      resetsAt: null,
    },
    {
      bound: "platform",
      limitUsd: figures.platformQuotaUsd,
      spentUsd: figures.platformSpentUsd,
      heldUsd: figures.platformHeldUsd,
      unknownUsd: figures.platformUnknownUsd,
      resetsAt: figures.resetsAt,
    },
  ] as const;
  for (const { limitUsd, ...account } of bounds) {
    if (limitUsd === null) continue;
    const taken = new Money(account.spentUsd).plus(account.unknownUsd).plus(figures.requiredUsd);
    if (taken.lte(limitUsd)) continue;
    return { kind: "no_room", limitUsd, ...account, plan: figures.plan, requiredUsd: figures.requiredUsd };
  }
  return undefined;
}
