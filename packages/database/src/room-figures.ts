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
