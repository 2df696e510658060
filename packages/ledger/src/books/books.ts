import { type Execute, loadStatement } from "@understudy/database";

const accountsStatement = loadStatement(new URL("./accounts-off.sql", import.meta.url));
const holdsStatement = loadStatement(new URL("./holds-off.sql", import.meta.url));
const boundsStatement = loadStatement(new URL("./bounds-passed.sql", import.meta.url));
const daysStatement = loadStatement(new URL("./days-off.sql", import.meta.url));

/** Which of the books are asked; all of them unless narrowed. */
export interface BooksAsked {
  /** A UTC month: `2026-10`. */
  month?: string | undefined;
  creatorId?: string | undefined;
  /** How many findings are enough. */
  limit?: number | undefined;
}

/** A figure of an account that is not the sum of its calls and of what jobs hold. */
export interface AccountOff {
  account: string;
  field: "spent" | "held" | "unknown";
  isUsd: string;
  shouldBeUsd: string;
}

export function accountsOff(execute: Execute, asked: BooksAsked = {}): Promise<AccountOff[]> {
  return execute(accountsStatement, [asked]);
}

/** Holds alone, of open calls alone: cheap enough to be asked all the time. */
export function holdsOff(execute: Execute): Promise<AccountOff[]> {
  return execute(holdsStatement);
}

/** An account on which more is spent, held and unknown than its bound allows. */
export interface BoundPassed {
  account: string;
  takenUsd: string;
  boundUsd: string;
}

/** @param platformQuotaUsd the platform's budget of a month, where it has one */
export function boundsPassed(
  execute: Execute,
  asked: BooksAsked & { platformQuotaUsd?: string | undefined } = {},
): Promise<BoundPassed[]> {
  return execute(boundsStatement, [asked]);
}

/** A sum of a day that is not that of its ended calls. */
export interface DayOff {
  creatorId: string;
  day: string;
  agentId: string;
  model: string;
  feature: string;
  field: string;
  is: string;
  shouldBe: string;
}

export function daysOff(execute: Execute, asked: BooksAsked = {}): Promise<DayOff[]> {
  return execute(daysStatement, [asked]);
}
