-- Gives up calls whose answer is lost: past their deadline they become unknown, and their hold moves to the
-- account's unknown part, where it still counts in the quota.
-- $1: [{limit}]. Rows: {id, creatorId, holdUsd}.
WITH lost AS (
  SELECT "id", "creatorId", "month", "holdUsd" FROM "UsageLog"
  WHERE "status" = 'started' AND "deadlineAt" < now()
  ORDER BY "deadlineAt"
  LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
  FOR UPDATE SKIP LOCKED
), given_up AS (
  UPDATE "UsageLog" SET "status" = 'unknown', "settledAt" = now(), "errorCode" = coalesce("errorCode", 'answer_lost')
  FROM lost WHERE "UsageLog"."id" = lost."id"
  RETURNING "UsageLog"."id", "UsageLog"."creatorId", "UsageLog"."holdUsd"
), change AS (
  SELECT "creatorId", "month", sum("holdUsd") AS "holdUsd" FROM lost GROUP BY "creatorId", "month"
), balance AS (
  -- Locked in one order everywhere, so that this and a batch of calls can't wait for each other.
  SELECT "creatorId", "month",
    account."heldUsd" - change."holdUsd" AS "heldUsd",
    account."unknownUsd" + change."holdUsd" AS "unknownUsd"
  FROM "MonthlySpend" AS account JOIN change USING ("creatorId", "month")
  ORDER BY "creatorId", "month"
  FOR UPDATE OF account
), account AS (
  UPDATE "MonthlySpend" AS account SET "heldUsd" = balance."heldUsd", "unknownUsd" = balance."unknownUsd"
  FROM balance
  WHERE account."creatorId" = balance."creatorId" AND account."month" = balance."month"
)
SELECT * FROM given_up
