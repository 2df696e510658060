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
), per_account AS (
  SELECT "creatorId", "month", sum("holdUsd") AS "holdUsd" FROM lost GROUP BY "creatorId", "month"
), account AS (
  UPDATE "MonthlySpend" AS account SET
    "heldUsd" = account."heldUsd" - per_account."holdUsd",
    "unknownUsd" = account."unknownUsd" + per_account."holdUsd"
  FROM per_account
  WHERE account."creatorId" = per_account."creatorId" AND account."month" = per_account."month"
)
SELECT * FROM given_up
