import { Money } from "./money.ts";

/** An account that pays for a job or a call, in USD as Postgres gives it; a bound that is null does not apply. */
export interface AccountFigures {
  kind: "creator_month" | "key" | "platform_month";
  boundUsd: string | null;
  spentUsd: string;
  heldUsd: string;
  unknownUsd: string;
}

/** How much room there is for a job or a call. */
export interface RoomFigures {
  plan: string;
  requiredUsd: string;
  /** When accounts of a month begin anew. */
  resetsAt: Date;
  accounts: readonly AccountFigures[];
}

/** Why a call was not written down, and must not be made. `fenced`: another attempt has the job now. */
export type NotOpened = { kind: "fenced" } | WaitForRoom | NoRoom;

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

const boundNames = { creator_month: "quota", key: "key", platform_month: "platform" } as const;

/** The first bound in which what is spent, or may have been, leaves no room; undefined where all have some. */
export function findNoRoom({ accounts, plan, requiredUsd, resetsAt }: RoomFigures): NoRoom | undefined {
  for (const { kind, boundUsd, spentUsd, heldUsd, unknownUsd } of accounts) {
    if (boundUsd === null) continue;
    if (new Money(spentUsd).plus(unknownUsd).plus(requiredUsd).lte(boundUsd)) continue;
    return {
      ...{ kind: "no_room", bound: boundNames[kind], limitUsd: boundUsd, spentUsd, heldUsd, unknownUsd },
      ...{ plan, requiredUsd, resetsAt: kind === "key" ? null : resetsAt },
    };
  }
  return undefined;
}
