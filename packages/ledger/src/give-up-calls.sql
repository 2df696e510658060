-- Gives up calls whose answer is lost: past their deadline they become unknown, and their hold moves to the
-- account's unknown part, where it still counts in the quota.
-- $1: [{limit}]. Rows: {id, creatorId, holdUsd}.
WITH lost AS (
  SELECT "id", "creatorId", "apiKeyId", "month", "holdUsd" FROM "UsageLog"
  WHERE "status" = 'started' AND "deadlineAt" < now()
  ORDER BY "deadlineAt"
  LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
  FOR UPDATE SKIP LOCKED
), given_up AS (
  UPDATE "UsageLog" SET "status" = 'unknown', "settledAt" = now(), "errorCode" = coalesce("errorCode", 'answer_lost')
  FROM lost WHERE "UsageLog"."id" = lost."id"
  RETURNING "UsageLog"."id", "UsageLog"."creatorId", "UsageLog"."holdUsd", "UsageLog"."errorCode"
), change AS (
  SELECT "creatorId", "month", sum("holdUsd") AS "holdUsd" FROM lost GROUP BY "creatorId", "month"
), key_balance AS (
  SELECT key."id", key."heldUsd" - change."holdUsd" AS "heldUsd", key."unknownUsd" + change."holdUsd" AS "unknownUsd"
  FROM "ApiKey" AS key JOIN (
    SELECT "apiKeyId", sum("holdUsd") AS "holdUsd" FROM lost GROUP BY "apiKeyId"
  ) AS change ON change."apiKeyId" = key."id"
  ORDER BY key."id"
  FOR UPDATE OF key
), balance AS (
  -- Locked in one order everywhere, so that this and a batch of calls can't wait for each other.
  SELECT "creatorId", "month",
    account."heldUsd" - change."holdUsd" AS "heldUsd",
    account."unknownUsd" + change."holdUsd" AS "unknownUsd"
  FROM "MonthlySpend" AS account JOIN change USING ("creatorId", "month")
  -- Keys are locked before accounts, as everywhere.
  WHERE (SELECT count(*) FROM key_balance) >= 0
  ORDER BY "creatorId", "month"
  FOR UPDATE OF account
), account AS (
  UPDATE "MonthlySpend" AS account SET "heldUsd" = balance."heldUsd", "unknownUsd" = balance."unknownUsd"
  FROM balance
  WHERE account."creatorId" = balance."creatorId" AND account."month" = balance."month"
), key_account AS (
  UPDATE "ApiKey" SET "heldUsd" = key_balance."heldUsd", "unknownUsd" = key_balance."unknownUsd"
  FROM key_balance WHERE "ApiKey"."id" = key_balance."id"
), alert AS (
  -- An outage loses many at once: one alert for each creator and hour.
  SELECT 'unknown_calls'::"AlertType" AS "type", "creatorId", "creatorId" || ':' || "hour" AS "key",
    jsonb_build_object('hour', "hour", 'calls', count(*), 'upToUsd', trim_scale(sum("holdUsd"))::text) AS "payload"
  FROM given_up CROSS JOIN to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24') AS "hour"
  -- Whoever cancels a job knows that it had a call.
  WHERE "errorCode" <> 'cancelled'
  GROUP BY "creatorId", "hour"
),
-- include ../../database/src/raise-alerts.sql
SELECT "id", "creatorId", "holdUsd" FROM given_up
