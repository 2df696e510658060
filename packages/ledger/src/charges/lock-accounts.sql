-- Locks accounts that are to be closed, as far as nobody else has them: a hold and a close of the same creator
-- and month meet on this row. What is read in the same transaction afterwards is as it was left by whoever had
-- the row before. Waits for no one.
-- $1: [{creatorId, month}]
-- Rows: {creatorId, hasHolds, isClosed, now} of those locked. now: the transaction's time, as columns keep it.
SELECT account."creatorId", account."heldUsd" > 0 AS "hasHolds", account."closedAt" IS NOT NULL AS "isClosed",
  now()::timestamptz(3) AS "now"
FROM jsonb_to_recordset($1::jsonb) AS r("creatorId" text, "month" text)
-- One by one, by the key: joined, Postgres may read every account.
CROSS JOIN LATERAL (
  SELECT "creatorId", "heldUsd", "closedAt" FROM "Account"
  WHERE "creatorId" = r."creatorId" AND "month" = (r."month" || '-01')::date
  FOR NO KEY UPDATE SKIP LOCKED
) AS account
