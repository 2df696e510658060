/** What an operator can do about each thing that may be amiss; docs/operations.md tells more. */
const todos = {
  account_off:
    "Nothing but the ledger writes accounts: find out who else has. Until it is mended a month's account is not charged.",
  day_off: "Costs are shown, and months charged, by the days: mend it before the month is closed.",
  charge_off:
    "A closed charge is never edited: what is owed otherwise is settled with the creator, or in the next month's charge.",
  bound_passed:
    "See what was spent at the end (/api/ai/admin/calls). A budget that was lowered since is passed without a fault.",
  cost_off:
    "Look at /api/ai/admin/calls/{id}/explain. A call that an earlier release settled may have had its rules, and keeps its cost.",
  row_without: "Rows are never deleted one by one: bring what it names back from a backup.",
  call_open:
    "Workers give such calls up each second: see that they run, and what they log. Its hold keeps room until then.",
  call_month: "Somebody else than the ledger has written it: what the month owes is not what it spent.",
  call_payer: "Somebody else than the ledger has written it: another pays than whose job it is.",
  job_astray:
    "Nothing but the statements of a job's life writes JobRecord and LiveJob: find out who else has. No worker runs it.",
  job_holds: "Workers give such holds back each second: see that they run, and what they log.",
  job_dead: "Workers take such jobs over each second: see that they run, and what they log.",
  end_untold:
    "No webhook tells this end: have the app read the job. Less RETENTION_DAYS than workers have finds this too.",
  end_told_twice:
    "Apps may have been told twice, under two ids: see who writes the outbox beside the workers.",
  delivery_half_open:
    "Workers take such deliveries back each second: see that they run; POST /api/ai/webhooks/deliveries/{id}/replay tries it anew.",
  alert_untold: "No webhook tells this alert: look at it in /api/ai/admin/alerts.",
  threshold_untold: "Nobody was told that the creator came so far: tell whoever should know.",
} as const;

export type Amiss = keyof typeof todos;

/** One thing that is not as it should be. */
export interface Finding {
  what: Amiss;
  /** What it is found of: an account, a call, a job. */
  whose: string;
  is: string;
  shouldBe: string;
}

export function todoOf({ what }: Pick<Finding, "what">): string {
  return todos[what];
}
