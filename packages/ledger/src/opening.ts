import type { CallIntent, OpenCall } from "./call.ts";
import { type AccountFigures, findNoRoom, type NotOpened } from "./call-opening.ts";

/** A call to be opened, as write-attempts.sql takes it. */
export interface NewCall
  extends Pick<CallIntent, "id" | "stepKey" | "agentId" | "feature" | "timeoutSeconds"> {
  model: string;
  serviceTier: CallIntent["price"]["serviceTier"];
  priceId: number;
  holdUsd: string;
  reserveUsd: string;
}

/** What write-attempts.sql tells of a call that was to be opened. */
export interface OpenedCall {
  owned: boolean;
  /** Null where no call is written. */
  startedAt: Date | null;
  stopped: boolean;
  /** Null where none was to be opened, or the attempt was fenced off. */
  requiredUsd: string | null;
  resetsAt: Date;
  creatorId: string | null;
  apiKeyId: string | null;
  month: string;
  /** Null where the call is written. */
  plan: string | null;
  accounts: (AccountFigures & { isMissing: boolean; isClosed: boolean })[] | null;
}

export function newCallOf({ price, holdUsd, reserveUsd, ...intent }: CallIntent): NewCall {
  const { id, stepKey, agentId, feature, timeoutSeconds } = intent;
  return {
    ...{ id, stepKey, agentId, feature, timeoutSeconds },
    model: price.model,
    serviceTier: price.serviceTier,
    priceId: price.id,
    holdUsd: holdUsd.toFixed(),
    reserveUsd: reserveUsd.toFixed(),
  };
}

export function isMissingAccounts(row: OpenedCall | undefined): boolean {
  return row?.accounts?.some(({ isMissing }) => isMissing) ?? false;
}

/**
 * Calls fit together or not at all: near a bound each is tried alone. So is one whose month was closed in that very moment:
 * it is another month now.
 */
export function isWorthAnother(row: (OpenedCall & { inCompany: boolean }) | undefined): boolean {
  return Boolean(row?.accounts && (row.inCompany || row.accounts.some(({ isClosed }) => isClosed)));
}

export function readOpening(intent: CallIntent, row: OpenedCall | undefined): OpenCall | NotOpened {
  if (!row?.owned) return { kind: "fenced" };
  if (row.startedAt) return { ...intent, kind: "open", startedAt: row.startedAt };
  const { stopped, requiredUsd: required, resetsAt } = row;
  const requiredUsd = required ?? "0";
  if (stopped) return { kind: "wait", waitingFor: "paused", requiredUsd };
  const figures = { plan: row.plan ?? "", requiredUsd, resetsAt, accounts: row.accounts ?? [] };
  return findNoRoom(figures) ?? { kind: "wait", waitingFor: "quota", requiredUsd };
}
