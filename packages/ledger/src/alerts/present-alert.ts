import { type Alert, type AlertFacts, type AlertType, alertMessage } from "@understudy/contracts";

/** A row of `Alert`. */
export interface AlertRow {
  id: string;
  type: AlertType;
  /** Null for what is about no creator. */
  creatorId: string | null;
  /** Written by our own statements. */
  payload: unknown;
  createdAt: Date;
  notifiedAt: Date | null;
}

/** An alert as it is told to others. */
export function presentAlert({ id, createdAt, notifiedAt, ...row }: AlertRow): Alert {
  const facts = { type: row.type, creatorId: row.creatorId, data: row.payload } as AlertFacts;
  return {
    id,
    ...facts,
    message: alertMessage(facts),
    createdAt: createdAt.toISOString(),
    notifiedAt: notifiedAt?.toISOString() ?? null,
  };
}
