-- Ends calls whose cost is unknown, or was estimated, by what an operator says: a cost, or nothing (written off; unknown
-- ones alone). What was counted for them, unknown or spent, leaves the accounts, and the cost is spent. The month may be closed: what it owes is adjusted
-- in a later one.
-- $1: [{id, costUsd?}], each id once; without costUsd the call is written off.
-- Rows: {id} of those ended by this statement.
WITH word AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "costUsd" numeric)
), before AS (
  SELECT call.*, word."costUsd" AS "saidUsd", coalesce(word."costUsd", 0) AS "spentUsd",
    CASE call."status" WHEN 'unknown' THEN call."holdUsd" ELSE 0 END AS "wasUnknownUsd",
    CASE call."status" WHEN 'unknown' THEN 0 ELSE call."costUsd" END AS "wasSpentUsd"
  FROM "UsageLog" AS call JOIN word USING ("id")
  WHERE (call."status" = 'unknown'
      OR call."status" = 'settled' AND call."estimated" AND NOT call."byOperator" AND word."costUsd" IS NOT NULL)
    -- Says nothing new: without it Postgres, which takes any batch for a hundred items, reads the whole table.
    AND call."id" = ANY (ARRAY(SELECT "id" FROM word))
  -- In one order everywhere, here and below, so that two statements can't wait for each other.
  ORDER BY call."id"
  FOR UPDATE OF call
), ended AS (
  UPDATE "UsageLog" AS call SET
    "status" = CASE WHEN before."saidUsd" IS NULL THEN 'released' ELSE 'settled' END::"CallStatus",
    "costUsd" = before."spentUsd",
    "errorCode" = CASE WHEN before."saidUsd" IS NULL THEN 'written_off' ELSE before."errorCode" END,
    "byOperator" = true,
    "settledAt" = CASE before."status" WHEN 'unknown' THEN now() ELSE before."settledAt" END
  FROM before
  WHERE call."id" = before."id"
  RETURNING call."id"
), key_balance AS (
  SELECT key."id", key."spentUsd" + change."spentUsd" AS "spentUsd", key."unknownUsd" - change."unknownUsd" AS "unknownUsd"
  FROM "ApiKey" AS key JOIN (
    SELECT "apiKeyId", sum("spentUsd" - "wasSpentUsd") AS "spentUsd", sum("wasUnknownUsd") AS "unknownUsd"
    FROM before GROUP BY "apiKeyId"
  ) AS change ON change."apiKeyId" = key."id"
  ORDER BY key."id"
  FOR UPDATE OF key
), balance AS (
  -- Worked out from the account as it is when its lock is had: settle-calls.sql tells why.
  SELECT "creatorId", "month",
    account."spentUsd" + change."spentUsd" AS "spentUsd",
    account."unknownUsd" - change."unknownUsd" AS "unknownUsd"
  FROM "MonthlySpend" AS account JOIN (
    SELECT "creatorId", "month", sum("spentUsd" - "wasSpentUsd") AS "spentUsd", sum("wasUnknownUsd") AS "unknownUsd"
    FROM before GROUP BY "creatorId", "month"
  ) AS change USING ("creatorId", "month")
  WHERE "creatorId" = ANY (ARRAY(SELECT "creatorId" FROM before))
    -- Keys are locked before accounts, as everywhere.
    AND (SELECT count(*) FROM key_balance) >= 0
  ORDER BY "creatorId", "month"
  FOR UPDATE OF account
), account AS (
  UPDATE "MonthlySpend" AS account SET "spentUsd" = balance."spentUsd", "unknownUsd" = balance."unknownUsd"
  FROM balance
  WHERE account."creatorId" = balance."creatorId" AND account."month" = balance."month"
), key_account AS (
  UPDATE "ApiKey" SET "spentUsd" = key_balance."spentUsd", "unknownUsd" = key_balance."unknownUsd"
  FROM key_balance WHERE "ApiKey"."id" = key_balance."id"
), alert AS (
  SELECT 'cost_above_hold'::"AlertType" AS "type", "creatorId", "id" AS "key",
    jsonb_build_object('callId', "id", 'costUsd', trim_scale("spentUsd")::text, 'holdUsd', trim_scale("holdUsd")::text) AS "payload"
  FROM before
  WHERE "spentUsd" > "holdUsd"
),
-- include ../../database/src/raise-alerts.sql
SELECT "id" FROM ended
