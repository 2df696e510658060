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
), locked AS (
  -- In one order everywhere, so that this and a batch of calls can't wait for each other.
  SELECT change.* FROM "MonthlySpend" JOIN change USING ("creatorId", "month")
  ORDER BY "creatorId", "month"
  FOR UPDATE OF "MonthlySpend"
), account AS (
  UPDATE "MonthlySpend" AS account SET
    "heldUsd" = account."heldUsd" - locked."holdUsd",
    "unknownUsd" = account."unknownUsd" + locked."holdUsd"
  FROM locked
  WHERE account."creatorId" = locked."creatorId" AND account."month" = locked."month"
)
SELECT * FROM given_up
